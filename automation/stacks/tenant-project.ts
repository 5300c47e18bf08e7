/** The Pulumi project of every tenant stack; a stack's name is its tenant's id. */
export const tenantProject = 'tenantry';
