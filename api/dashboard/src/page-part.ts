/** A product's part of its tenants' pages, loaded when such a page opens. Written with or without a framework. */
export interface PagePart {
  /**
   * Shows the part in an element of the page.
   * @returns ends it: called when the page closes, and before it is shown again for a changed tenant
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
