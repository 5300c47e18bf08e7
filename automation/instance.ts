/**
 * The API repeats `TENANTRY_INSTANCE` in this header, so that the supervisor can tell its own API from another
 * installation's on the same port.
 */
export const instanceHeader = 'x-tenantry-instance';
