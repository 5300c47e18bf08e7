/** What `--allow` accepts. A label `allow-<allowance>` on a pull request does the same. */
export const allowances = ['destructive'] as const;
export type Allowance = (typeof allowances)[number];
