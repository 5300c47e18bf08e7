import type { Problem } from './generated/types.gen.ts';

export interface TenantryErrorDetails {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string | undefined;
  readonly errors?: Problem['errors'] | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** A failed request. Decide by `code` and show `message`. */
export class TenantryError extends Error {
  override readonly name = 'TenantryError';
  /** HTTP status of the answer; 0 without an answer. */
  readonly status: number;
  /** A code of the API's problems, or `unreachable`, `timeout`, `unexpected_answer`, `http_<status>`. */
  readonly code: string;
  readonly title: string;
  readonly detail: string | undefined;
  /** The fields at fault. */
  readonly errors: NonNullable<Problem['errors']>;
  /** How long to wait before another try, when the service asks for one. */
  readonly retryAfterMs: number | undefined;

  /** True when another try cannot help: the request is not allowed, not found, or wrong. */
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

/** The error of an unsuccessful answer. Something in between may have answered, so parts of a problem may be missing. */
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
