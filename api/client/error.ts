import type { Problem } from './generated/types.gen.ts';

export interface TenantryErrorDetails {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string | undefined;
  readonly errors?: Problem['errors'] | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** A failed request. Decide by `code`, show `message`. */
export class TenantryError extends Error {
  override readonly name = 'TenantryError';
  /** Of the answer; 0 without one. */
  readonly status: number;
  /** A code of the API's problems, or `unreachable`, `timeout`, `unexpected_answer`, `http_<status>`. */
  readonly code: string;
  readonly title: string;
  readonly detail: string | undefined;
  /** The fields at fault, if any. */
  readonly errors: NonNullable<Problem['errors']>;
  /** How long to wait before another try, when the service asks for one. */
  readonly retryAfterMs: number | undefined;

  /** Another try changes nothing: not allowed, not there, or wrong as it is. */
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

/** The meaning of an unsuccessful answer. Something in between may have answered, with half of a problem missing. */
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
