/** Errors in the form of Stripe's API: HTTP status, type, code, message and the offending parameter. */

export type ErrorType = 'invalid_request_error' | 'card_error' | 'idempotency_error' | 'api_error';

export interface ErrorDetails {
  readonly status?: number;
  readonly type?: ErrorType;
  readonly code?: string;
  readonly param?: string;
  readonly declineCode?: string;
  /** True when what the request wrote before failing stays, as with a declined payment. */
  readonly keepEffects?: boolean;
}

export class StripeError extends Error {
  readonly status: number;
  readonly type: ErrorType;
  readonly details: ErrorDetails;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message);
    this.name = 'StripeError';
    this.status = details.status ?? 400;
    this.type = details.type ?? 'invalid_request_error';
    this.details = details;
  }

  /** The body that goes over the wire. */
  toBody(): { error: Record<string, string> } {
    const { code, param, declineCode } = this.details;
    return {
      error: {
        ...(code === undefined
          ? {}
          : { code, doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` }),
        ...(declineCode === undefined ? {} : { decline_code: declineCode }),
        message: this.message,
        ...(param === undefined ? {} : { param }),
        type: this.type,
      },
    };
  }
}

/** `what` as Stripe words it ("customer", "checkout.session", …); `param` names the field with the id. */
export function noSuch(what: string, id: string, param = 'id'): StripeError {
  return new StripeError(`No such ${what}: '${id}'`, {
    status: param === 'id' ? 404 : 400,
    code: 'resource_missing',
    param,
  });
}

export function missingParam(param: string): StripeError {
  return new StripeError(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
}

export function cardDeclined(keepEffects: boolean): StripeError {
  return new StripeError('Your card was declined.', {
    status: 402,
    type: 'card_error',
    code: 'card_declined',
    declineCode: 'generic_decline',
    keepEffects,
  });
}
