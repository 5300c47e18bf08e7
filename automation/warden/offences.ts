/** Decides when a tenant's session harms others. Pure. */

export interface Session {
  readonly pid: number;
  /** The role's id. */
  readonly user: number;
  readonly role: string;
  readonly tenantId: string;
  /** As `pg_stat_activity` names it; null where the server does not say. */
  readonly state: string | null;
  /** By the server's clock; null where there is none. */
  readonly inTransactionMs: number | null;
  readonly inStateMs: number | null;
  readonly inStatementMs: number | null;
  readonly locks: number;
  /** It keeps everybody from a table, and so from reading how large that is. */
  readonly excludesAll: boolean;
  /** Size of the files of its sorts and hashes; 0 where the server does not say. */
  readonly temporaryBytes: number;
}

/**
 * The limits from which on the warden ends a session. They are above those of `loginSettings`, so that only a session that
 * has changed its settings reaches them.
 */
export interface Limits {
  readonly idleInTransactionMs: number;
  readonly transactionMs: number;
  /** How long a transaction may keep everybody from a table. */
  readonly exclusionMs: number;
  readonly statementMs: number;
  readonly locks: number;
  readonly temporaryBytes: number;
  /** When more than this share of the notification queue is in use, transactions must be short. */
  readonly queueUsage: number;
  /** How long a transaction may last then. */
  readonly transactionWithFullQueueMs: number;
}

export const defaultLimits: Limits = {
  idleInTransactionMs: 90_000,
  transactionMs: 6 * 60_000,
  exclusionMs: 30_000,
  statementMs: 60_000,
  locks: 2_000,
  temporaryBytes: 512 * 1024 ** 2,
  queueUsage: 0.1,
  transactionWithFullQueueMs: 5_000,
};

export type OffenceKind =
  | 'idle_in_transaction'
  | 'long_transaction'
  | 'locked_table'
  | 'long_statement'
  | 'many_locks'
  | 'temporary_files'
  | 'notification_queue';

/** Why a session was ended, as the tenant reads it. */
export const offenceTexts: Readonly<Record<OffenceKind, string>> = {
  idle_in_transaction: 'it was idle in a transaction for too long',
  locked_table: 'it kept a table locked for too long',
  long_transaction: 'its transaction lasted too long',
  long_statement: 'its statement ran too long',
  many_locks: 'it held too many locks',
  temporary_files: 'its temporary files were too large',
  notification_queue: 'it kept the queue of notifications from being emptied',
};

/** Why the session must end; null when it may go on. The most harmful reason comes first. */
export function offenceOf(session: Session, queueUsage: number, limits: Limits): OffenceKind | null {
  const longer = (ms: number | null, limit: number) => ms !== null && ms > limit;
  if (session.locks > limits.locks) return 'many_locks';
  if (queueUsage > limits.queueUsage && longer(session.inTransactionMs, limits.transactionWithFullQueueMs))
    return 'notification_queue';
  if (session.temporaryBytes > limits.temporaryBytes) return 'temporary_files';
  if (
    session.state?.startsWith('idle in transaction') &&
    longer(session.inStateMs, limits.idleInTransactionMs)
  )
    return 'idle_in_transaction';
  if (session.excludesAll && longer(session.inTransactionMs, limits.exclusionMs)) return 'locked_table';
  if (longer(session.inTransactionMs, limits.transactionMs)) return 'long_transaction';
  if (session.state === 'active' && longer(session.inStatementMs, limits.statementMs))
    return 'long_statement';
  return null;
}

/** The number of offences in a row that halves the connections. */
const offencesPerThrottle = 3;

/** Connections after this many offences: the plan's, halved for every three offences, at least one. */
export function connectionsAfter(offences: number, planConnections: number): number {
  return Math.max(1, Math.floor(planConnections / 2 ** Math.floor(offences / offencesPerThrottle)));
}
