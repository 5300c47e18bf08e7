/**
 * Lambda function: rewrites recordings in infrequent access after their days in Standard, which S3's lifecycle does
 * not do before day 30 (see `recordings.ts`).
 *
 * Lambda runs it as it stands here, without types, with the SDK that Lambda provides. The next day's run takes up
 * what this one did not reach.
 */
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  type Tag,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';

export interface AgingSettings {
  readonly bucket: string;
  /** Days in Standard. */
  readonly standardDays: number;
  readonly retentionTag: string;
  readonly agedTag: string;
}

export interface AgingReport {
  readonly looked: number;
  readonly aged: number;
  readonly failed: readonly string[];
  /** False when time ran out. */
  readonly complete: boolean;
}

interface Recording {
  readonly key: string;
  readonly sizeBytes: number;
  readonly writtenAt: Date;
  readonly storageClass: string;
  readonly etag: string;
}

const dayMs = 24 * 60 * 60 * 1000;
const atOnce = 16;
/** What S3 copies in one request, and the part size beyond that. */
const largestCopyBytes = 5 * 1024 ** 3;
const partBytes = 1024 ** 3;

/** Whether a recording has had its days in Standard. */
export function isDue(
  recording: Pick<Recording, 'storageClass' | 'writtenAt'>,
  standardDays: number,
  now: Date,
): boolean {
  return (
    recording.storageClass === 'STANDARD' &&
    now.getTime() - recording.writtenAt.getTime() >= standardDays * dayMs
  );
}

/**
 * The tags of the aged recording, or null where it stays as it is: without a retention, which the lifecycle does not
 * know either, or with an end too near to be worth it.
 */
export function agedTags(
  tags: readonly Tag[],
  settings: Pick<AgingSettings, 'standardDays' | 'retentionTag' | 'agedTag'>,
): Tag[] | null {
  const retention = Number(tags.find(({ Key }) => Key === settings.retentionTag)?.Value ?? Number.NaN);
  if (!(retention > settings.standardDays)) return null;
  return [...tags.filter(({ Key }) => Key !== settings.agedTag), { Key: settings.agedTag, Value: 'true' }];
}

/**
 * Ages every recording that is due.
 * @param hasTime called before each batch; false leaves the rest for the next run
 */
export async function ageRecordings(
  s3: S3Client,
  settings: AgingSettings,
  options: { readonly now: Date; readonly hasTime: () => boolean },
): Promise<AgingReport> {
  let looked = 0;
  let aged = 0;
  const failed: string[] = [];
  for await (const page of pages(s3, settings.bucket)) {
    looked += page.length;
    const due = page.filter((recording) => isDue(recording, settings.standardDays, options.now));
    for (let start = 0; start < due.length; start += atOnce) {
      if (!options.hasTime()) return { looked, aged, failed, complete: false };
      const batch = due.slice(start, start + atOnce);
      const results = await Promise.allSettled(batch.map((recording) => age(s3, settings, recording)));
      results.forEach((result, index) => {
        if (result.status === 'fulfilled') aged += result.value ? 1 : 0;
        else if (!isGone(result.reason)) failed.push(`${batch[index]?.key}: ${String(result.reason)}`);
      });
    }
  }
  return { looked, aged, failed, complete: true };
}

async function* pages(s3: S3Client, bucket: string): AsyncGenerator<Recording[]> {
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, ...(token && { ContinuationToken: token }) }),
    );
    yield (page.Contents ?? []).flatMap(({ Key, Size, LastModified, StorageClass, ETag }) =>
      Key && LastModified
        ? [
            {
              key: Key,
              sizeBytes: Size ?? 0,
              writtenAt: LastModified,
              storageClass: StorageClass ?? 'STANDARD',
              etag: ETag ?? '',
            },
          ]
        : [],
    );
    token = page.NextContinuationToken;
  } while (token);
}

/** @returns whether it was written anew */
async function age(s3: S3Client, settings: AgingSettings, recording: Recording): Promise<boolean> {
  const place = { Bucket: settings.bucket, Key: recording.key };
  const { TagSet = [] } = await s3.send(new GetObjectTaggingCommand(place));
  const tags = agedTags(TagSet, settings);
  if (tags === null) return false;
  const Tagging = new URLSearchParams(tags.map(({ Key = '', Value = '' }) => [Key, Value])).toString();
  const source = {
    CopySource: [settings.bucket, ...recording.key.split('/')].map(encodeURIComponent).join('/'),
    // Never overwrites what somebody wrote in between.
    CopySourceIfMatch: recording.etag,
  };
  if (recording.sizeBytes <= largestCopyBytes) {
    await s3.send(
      new CopyObjectCommand({
        ...place,
        ...source,
        StorageClass: 'STANDARD_IA',
        MetadataDirective: 'COPY',
        TaggingDirective: 'REPLACE',
        Tagging,
      }),
    );
    return true;
  }
  await copyInParts(s3, { place, source, Tagging, sizeBytes: recording.sizeBytes });
  return true;
}

/** The bucket's lifecycle removes what is abandoned in the middle. */
async function copyInParts(
  s3: S3Client,
  copy: {
    readonly place: { readonly Bucket: string; readonly Key: string };
    readonly source: { readonly CopySource: string; readonly CopySourceIfMatch: string };
    readonly Tagging: string;
    readonly sizeBytes: number;
  },
): Promise<void> {
  const { place, source, Tagging, sizeBytes } = copy;
  const { ContentType, Metadata } = await s3.send(new HeadObjectCommand(place));
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({
      ...place,
      StorageClass: 'STANDARD_IA',
      Tagging,
      ContentType,
      Metadata,
    }),
  );
  const Parts: CompletedPart[] = [];
  for (let start = 0; start < sizeBytes; start += partBytes) {
    const PartNumber = Parts.length + 1;
    const last = Math.min(start + partBytes, sizeBytes) - 1;
    const part = { ...place, ...source, UploadId, PartNumber, CopySourceRange: `bytes=${start}-${last}` };
    const { CopyPartResult } = await s3.send(new UploadPartCopyCommand(part));
    Parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
  }
  await s3.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }));
}

/** Deleted or rewritten since it was listed: nothing left to age. */
function isGone(reason: unknown): boolean {
  return reason instanceof Error && ['NoSuchKey', 'NotFound', 'PreconditionFailed'].includes(reason.name);
}

/** Milliseconds before the end of a run in which no new batch begins. */
const reserveMs = 60_000;

/**
 * Entry of the function.
 * @param settings what the schedule sends
 * @throws Error that names what could not be aged, so that the run counts as failed
 */
export async function handler(
  settings: AgingSettings,
  context: { getRemainingTimeInMillis(): number },
): Promise<AgingReport> {
  const report = await ageRecordings(new S3Client({}), settings, {
    now: new Date(),
    hasTime: () => context.getRemainingTimeInMillis() > reserveMs,
  });
  console.log(JSON.stringify({ ...report, failed: report.failed.length }));
  if (report.failed.length > 0) {
    throw new Error(`${report.failed.length} recordings were not aged, first: ${report.failed[0]}`);
  }
  return report;
}
