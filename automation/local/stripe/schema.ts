/** The tables of the simulator's file. */

/** Stripe remembers idempotency keys for at least a day. */
export const idempotencyMs = 24 * 3600 * 1000;

export const schema = `
  CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    created INTEGER NOT NULL,
    customer TEXT,
    subscription TEXT,
    status TEXT,
    key TEXT,
    due_at INTEGER,
    due_kind TEXT,
    body TEXT NOT NULL,
    hidden TEXT,
    UNIQUE (type, id)
  );
  CREATE INDEX IF NOT EXISTS documents_by_order ON documents (type, seq);
  CREATE INDEX IF NOT EXISTS documents_by_customer ON documents (type, customer, seq) WHERE customer IS NOT NULL;
  CREATE INDEX IF NOT EXISTS documents_by_subscription ON documents (type, subscription, seq)
    WHERE subscription IS NOT NULL;
  CREATE INDEX IF NOT EXISTS documents_by_key ON documents (type, key) WHERE key IS NOT NULL;
  CREATE INDEX IF NOT EXISTS documents_by_due ON documents (due_at, seq) WHERE due_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS meter_events (
    identifier TEXT PRIMARY KEY,
    event_name TEXT NOT NULL,
    customer TEXT NOT NULL,
    value TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    created INTEGER NOT NULL,
    cancelled INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS meter_events_by_customer ON meter_events (event_name, customer, timestamp);
  CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    event_type TEXT NOT NULL,
    destination TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    delivered_ms INTEGER,
    fault TEXT,
    response_status INTEGER,
    error TEXT
  );
  CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (next_ms, seq) WHERE state = 'pending';
  CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
`;
