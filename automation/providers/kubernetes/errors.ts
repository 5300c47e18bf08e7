/** The Kubernetes API's answer when it refuses (metav1.Status). */
export interface ApiStatus {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly ApiCause[];
}

export interface ApiCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** A refusal by the Kubernetes API. */
export class KubernetesApiError extends Error {
  override readonly name = 'KubernetesApiError';
  readonly status: ApiStatus;
  constructor(status: ApiStatus) {
    super(status.message);
    this.status = status;
  }
}

export function isStatus(error: unknown, ...codes: readonly number[]): error is KubernetesApiError {
  return error instanceof KubernetesApiError && codes.includes(error.status.code);
}

/** Reads the body of an answer that is not 2xx; proxies in between may answer with anything. */
export function parseStatus(code: number, body: string): ApiStatus {
  try {
    const status = JSON.parse(body) as Record<string, unknown>;
    const details = (status.details ?? {}) as { causes?: Partial<ApiCause>[] };
    return {
      code,
      reason: typeof status.reason === 'string' ? status.reason : '',
      message: typeof status.message === 'string' ? status.message : `HTTP ${code}`,
      causes: (details.causes ?? []).map((cause) => ({
        reason: cause.reason ?? '',
        message: cause.message ?? '',
        field: cause.field ?? '',
      })),
    };
  } catch {
    return { code, reason: '', message: `HTTP ${code}: ${body.slice(0, 200)}`, causes: [] };
  }
}

/** Temporary answers: overload, an API server that starts or stops, etcd without a leader. */
const transientCodes = new Set([408, 429, 500, 502, 503, 504]);
const transientNetworkCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
]);

/** Whether the same request may succeed a moment later. A refused update of a stale object may not. */
export function isTransient(error: unknown): boolean {
  if (error instanceof KubernetesApiError) return transientCodes.has(error.status.code);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && transientNetworkCodes.has(code);
}
