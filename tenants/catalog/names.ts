/** Names that people choose and that become parts of other names. */

/** What a customer may choose as the public name of a tenant. A DNS label with room for the product's prefix. */
export const slugPattern = /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,38}$/;

/** Name of a database server for one tenant, as the platform's configuration has it. */
export const databaseServerPattern = /^[a-z][a-z0-9-]{0,30}$/;
