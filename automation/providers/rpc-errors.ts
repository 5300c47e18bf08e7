import { Metadata, status } from '@grpc/grpc-js';
import providerPb from '@pulumi/pulumi/proto/provider_pb.js';
import statusPb from '@pulumi/pulumi/proto/status_pb.js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import { encodeStruct } from './properties.ts';
import { NotReadyError } from './provider.ts';

/** An error as the engine reads it. */
export function grpcError(error: unknown): { code: status; message: string; metadata?: Metadata } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NotReadyError) {
    return { code: status.UNKNOWN, message, metadata: initFailedDetails(error) };
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return { code: code === status.UNIMPLEMENTED ? status.UNIMPLEMENTED : status.UNKNOWN, message };
}

/** Carries the state of an object that exists but is not ready, as the engine expects it: in the error's details. */
function initFailedDetails(error: NotReadyError): Metadata {
  const detail = new providerPb.ErrorResourceInitFailed();
  detail.setId(error.state.id);
  detail.setProperties(encodeStruct(error.state.properties));
  detail.setReasonsList([...error.reasons]);
  if (error.state.inputs) detail.setInputs(encodeStruct(error.state.inputs));
  const packed = new anyPb.Any();
  packed.pack(detail.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed');
  const details = new statusPb.Status();
  details.setCode(status.UNKNOWN);
  details.setMessage(error.message);
  details.addDetails(packed);
  const metadata = new Metadata();
  metadata.add('grpc-status-details-bin', Buffer.from(details.serializeBinary()));
  return metadata;
}
