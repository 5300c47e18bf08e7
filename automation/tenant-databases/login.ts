/** What a tenant's role logs in with: its password and its settings, both of which the tenant itself can change. */
import { loginRights } from '../../tenants/data.ts';
import { onlyRow, type Queryable } from '../store/database.ts';

/** The server ends a tenant's statement that runs longer. */
const statementTimeout = '30s';
const idleInTransactionTimeout = '60s';
const transactionTimeout = '5min';
/** Files that one session may spill sorts and hashes into. */
const temporaryFiles = '256MB';

/**
 * Settings of a tenant's role, by name. A tenant can change the first ones, for a session or for good: they protect a
 * well-meaning application, and the warden ends sessions that go beyond them. The last two can be set only by an
 * administrator with the right.
 */
export function loginSettings(schema: string, powers: Powers): Readonly<Record<string, string>> {
  return {
    search_path: schema,
    statement_timeout: statementTimeout,
    idle_in_transaction_session_timeout: idleInTransactionTimeout,
    transaction_timeout: transactionTimeout,
    ...(powers.limitsTemporaryFiles && { temp_file_limit: temporaryFiles }),
    // Otherwise a tenant could fill the server's log by provoking errors.
    ...(powers.quietsLog && { log_min_messages: 'fatal' }),
  };
}

/** What the administrator of a server may do there: all of it as a superuser, little at Amazon RDS. */
export interface Powers {
  readonly limitsTemporaryFiles: boolean;
  readonly quietsLog: boolean;
  /** Sees the verifiers of passwords. */
  readonly readsVerifiers: boolean;
  /** The server knows the right to vacuum somebody else's table (PostgreSQL 17). */
  readonly maintains: boolean;
}

export async function readPowers(client: Queryable): Promise<Powers> {
  return onlyRow(
    await client.query<Powers>(
      `select has_parameter_privilege('temp_file_limit', 'SET') as "limitsTemporaryFiles",
            has_parameter_privilege('log_min_messages', 'SET') as "quietsLog",
            has_table_privilege('pg_authid', 'SELECT') as "readsVerifiers",
            current_setting('server_version_num')::int >= 170000 as maintains`,
    ),
  );
}

/**
 * Rows of (name, mark) for the roles named in `$1`: the mark changes when the role's password or a setting changes, or the
 * version of a login's rights. It reveals nothing about the password, and is short, whatever a tenant sets.
 */
export function loginMarks({ readsVerifiers }: Pick<Powers, 'readsVerifiers'>): string {
  const digest = (text: string) => `left(encode(sha256(convert_to(${text}, 'UTF8')), 'hex'), 16)`;
  return `select rolname as name, concat_ws(' ', 'rights=${loginRights}',
            ${readsVerifiers ? digest('rolpassword') : 'null'},
            case when length(settings) < 400 then settings else ${digest('settings')} end) as mark
       from ${readsVerifiers ? 'pg_authid' : 'pg_roles'} as role,
            lateral (select string_agg(setdatabase || ':' || setting, ' ' order by setdatabase, setting) as settings
                       from pg_db_role_setting, unnest(setconfig) as setting where setrole = role.oid) as changed
      where rolname = any($1)`;
}

/**
 * Ends those sessions of the role that have changed its password or settings in a transaction and leave it open: nobody
 * else can change the role until then.
 */
export async function endHolders(client: Queryable, role: string): Promise<void> {
  await client.query(
    `select pg_terminate_backend(activity.pid, 1000)
       from pg_stat_activity as activity join pg_locks as held using (pid)
      where activity.usename = $1 and held.granted and held.mode = 'RowExclusiveLock'
        and held.relation in ('pg_authid'::regclass, 'pg_db_role_setting'::regclass)`,
    [role],
  );
}
