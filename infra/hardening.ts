/** What holds for every container that we author: no more rights than it starts with, and a root file system that nobody writes to. */
export const hardenedContainer = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};
