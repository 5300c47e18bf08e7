/** A product's part of its tenants' pages, which is loaded when such a page opens. It needs no framework. */
export interface PagePart {
  /**
   * Shows the part in an element of the page.
   * @returns removes it: called when the page closes, and before the part is mounted again for a changed tenant
   */
  mount(element: HTMLElement, context: PagePartContext): () => void;
}

export interface PagePartContext {
  readonly tenant: {
    readonly id: string;
    readonly product: string;
    readonly plan: string;
    readonly phase: string;
  };
  /** `fetch` of the API, as the signed-in person. */
  request(path: `/v1/${string}`, init?: RequestInit): Promise<Response>;
}

/** The parts of this tree, by product. */
export type PageParts = Readonly<Record<string, () => Promise<PagePart>>>;
