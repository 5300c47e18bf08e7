import type { Problem } from './generated/types.gen.ts';

export interface TenantryErrorDetails {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string | undefined;
  readonly errors?: Problem['errors'] | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** A request that did not do what it was asked to. Decide by `code`, show `message`. */
export class TenantryError extends Error {
  override readonly name = 'TenantryError';
  /** Of the answer; 0 when there was none. */
  readonly status: number;
  /** A code of the API's problems, or `unreachable`, `timeout`, `unexpected_answer`, `http_<status>`. */
  readonly code: string;
  readonly title: string;
  readonly detail: string | undefined;
  /** The fields at fault, where there are any. */
  readonly errors: NonNullable<Problem['errors']>;
  /** When the service says that another try makes sense, from the answer on. */
  readonly retryAfterMs: number | undefined;

  /** No further try changes it: not allowed, not there, or wrong as it is. */
  get isFinal(): boolean {
    return [400, 401, 403, 404, 410].includes(this.status);
  }

  constructor(
    { status, code, title, detail, errors, retryAfterMs }: TenantryErrorDetails,
    options?: ErrorOptions,
  ) {
    super(detail ?? title, options);
    this.status = status;
    this.code = code;
    this.title = title;
    this.detail = detail;
    this.errors = errors ?? [];
    this.retryAfterMs = retryAfterMs;
  }
}

/** What an answer that is no success says. Something in between may have answered, and half of a problem be missing. */
export function errorOfAnswer(
  body: unknown,
  { status, statusText }: Pick<Response, 'status' | 'statusText'>,
  retryAfterMs?: number,
): TenantryError {
  const { code, title, detail, errors } = isRecord(body) ? body : {};
  return new TenantryError({
    status,
    code: text(code) ?? `http_${status}`,
    title: text(title) ?? (statusText || `The service answered ${status}.`),
    detail: text(detail),
    errors: Array.isArray(errors) ? errors.filter(isFieldError) : undefined,
    retryAfterMs,
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isFieldError(value: unknown): value is { field: string; message: string } {
  return isRecord(value) && typeof value.field === 'string' && typeof value.message === 'string';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
