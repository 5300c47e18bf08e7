/**
 * Header in which the API repeats `TENANTRY_INSTANCE`, by which the supervisor tells its own API from another
 * installation's at the same port.
 */
export const instanceHeader = 'x-tenantry-instance';
