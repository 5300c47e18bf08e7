import { type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { grpcError } from './rpc-errors.ts';

type Handler<Request, Response> = (
  request: Request,
  peer: string,
  call: ServerUnaryCall<Request, Response>,
) => Promise<Response> | Response;

/** Makes a gRPC method of a function that returns or throws. */
export function unary<Request, Response>(run: Handler<Request, Response>) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    Promise.resolve()
      .then(() => run(call.request, call.getPeer(), call))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(grpcError(error)),
      );
  };
}

/** A method that tells the engine not to rely on it. */
export function unimplemented(verb: string, name: string) {
  return unary(() => {
    throw Object.assign(new Error(`${verb} is not supported by the embedded ${name} provider`), {
      code: status.UNIMPLEMENTED,
    });
  });
}
