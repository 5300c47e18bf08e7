/** What `--allow` accepts; a label `allow-<it>` on a pull request says the same. */
export const allowances = ['destructive'] as const;
export type Allowance = (typeof allowances)[number];
