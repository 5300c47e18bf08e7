/**
 * Header in which a service says what `TENANTRY_INSTANCE` told it: how the supervisor knows its own service from
 * another installation's at the same port.
 */
export const instanceHeader = 'x-tenantry-instance';
