/** For every container that we write: no more rights than it starts with, and a read-only root file system. */
export const hardenedContainer = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};
