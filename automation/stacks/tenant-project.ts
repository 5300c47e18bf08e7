/** The Pulumi project of every tenant stack; a stack is named by its tenant's id. */
export const tenantProject = 'tenantry';
