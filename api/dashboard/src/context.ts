import { createContext, useContext } from 'react';
import type { Client } from '../../client/index.ts';
import type { PageParts } from './page-part.ts';
import type { Session } from './session.ts';
import type { Config } from './types.ts';

/** What every part of the page can use. */
export interface AppContext {
  readonly client: Client;
  readonly config: Config | null;
  /** The parts that this tree's products add to their tenants' pages. */
  readonly parts: PageParts;
  readonly session: Session | null;
  /** True when a session ended while the visitor was here. */
  readonly expired: boolean;
  signIn(): Promise<void>;
  signOut(): void;
  /** Goes to a page that takes the present one's place in the history. */
  replace(path: string): void;
}

export const Context = createContext<AppContext | null>(null);

export function useApp(): AppContext {
  const app = useContext(Context);
  if (app === null) throw new Error('This part is used outside the app.');
  return app;
}
