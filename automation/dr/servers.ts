/** What disaster recovery needs of PostgreSQL servers, in RDS's terms but without RDS. */

export interface Server {
  readonly id: string;
  /** `available` when it is ready; anything else is the provider's word for busy or broken. */
  readonly status: string;
  readonly host: string | null;
  /** The server that it copies; null when it takes writes itself. */
  readonly replicaOf: string | null;
  readonly multiAz: boolean;
  readonly backupRetentionDays: number;
  readonly deletionProtection: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** The recoverable past of a server. */
export interface BackupWindow {
  /** What `restore` needs. */
  readonly source:
    | { readonly kind: 'instance'; readonly id: string }
    /** Backups of a server that is gone. */
    | { readonly kind: 'retained'; readonly resourceId: string }
    /** Backups of a server in another region. */
    | { readonly kind: 'replicated'; readonly arn: string };
  readonly from: Date;
  readonly until: Date;
}

export interface ServerSettings {
  readonly multiAz: boolean;
  readonly backupRetentionDays: number;
  readonly deletionProtection: boolean;
}

export interface DatabaseServers {
  find(id: string): Promise<Server | null>;
  /** The backups, in this region, of the server of this name, which need not exist any more; null when there are none. */
  backups(id: string): Promise<BackupWindow | null>;
  /** Begins to make a copy a server of its own, with automated backups. */
  promote(id: string, settings: ServerSettings): Promise<void>;
  /** Begins to give a server another name, and with it another address. */
  rename(id: string, newId: string): Promise<void>;
  /**
   * Begins to make a server from backups.
   * @param args.at null for the latest possible time
   * @param args.like a server whose network and settings the new one gets; null when none is left
   */
  restore(args: {
    backup: BackupWindow;
    target: string;
    at: Date | null;
    like: string | null;
    tags: Readonly<Record<string, string>>;
  }): Promise<void>;
  adjust(id: string, settings: ServerSettings): Promise<void>;
  /** Gives the owner's role the password in the secret of this name. */
  takePassword(id: string, secretName: string): Promise<void>;
  /** Points the proxy at this server and no other. */
  connectProxy(proxy: string, id: string): Promise<void>;
  tag(id: string, tags: Readonly<Record<string, string>>): Promise<void>;
}
