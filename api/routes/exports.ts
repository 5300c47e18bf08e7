import { Readable } from 'node:stream';
import { requestExport, type TenantExport } from '../../automation/offboarding/index.ts';
import { record } from '../../automation/store/audit.ts';
import { peopleAndKeys } from '../access.ts';
import {
  exportFile,
  exportParams,
  exportQuery,
  type TenantExportView,
  tenantExport,
  tenantExportList,
} from '../contract/offboarding.ts';
import { tenantParams } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { byId, readPage } from '../lists.ts';
import { actorName, actorOf, askedBy } from '../principal.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';

const path = '/v1/tenants/{id}/exports' as const;

const list = createRoute({
  method: 'get',
  path,
  operationId: 'listExports',
  tags: ['Offboarding'],
  summary: 'Exports of a tenant',
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams, query: exportQuery },
  responses: {
    200: { description: 'The exports', content: { 'application/json': { schema: tenantExportList } } },
    ...problemResponses,
  },
});

const ask = createRoute({
  method: 'post',
  path,
  operationId: 'requestExport',
  tags: ['Offboarding'],
  summary: 'Request an export of everything that is kept of a tenant',
  description: 'One at a time: while one is being made, the answer is that one.',
  access: peopleAndKeys('tenants:write'),
  request: { params: tenantParams },
  responses: {
    202: { description: 'It is being made', content: { 'application/json': { schema: tenantExport } } },
    ...problemResponses,
  },
});

const download = createRoute({
  method: 'get',
  path: `${path}/{export}/file`,
  operationId: 'downloadExport',
  tags: ['Offboarding'],
  summary: 'The file of an export: lines of JSON, compressed by gzip',
  access: peopleAndKeys('tenants:read'),
  request: {
    params: exportParams,
  },
  responses: {
    200: { description: 'The file', content: { 'application/gzip': { schema: exportFile } } },
    ...problemResponses,
  },
});

export const exportRoutes = ({ database, exportFiles }: ApiDeps) =>
  createRouter()
    .openapi(list, async (c) => {
      const query = c.req.valid('query');
      const { shown, nextCursor } = await readPage(
        byId,
        { path: c.req.path, query },
        (page) => c.get('exports').list(c.req.valid('param').id, query, page),
        ({ id }) => [id, id],
      );
      return c.json({ exports: shown.map(view), nextCursor }, 200);
    })
    .openapi(ask, async (c) => {
      const principal = c.get('principal');
      const tenant = await c.get('tenants').find(c.req.valid('param').id);
      if (tenant.desiredState === 'deleted' || tenant.slot)
        throw new Problem(
          'not_ready',
          'The tenant is being deleted or has no owner; what was exported before its end is listed here.',
        );
      const asked = await database.transaction(async (client) => {
        const wanted = await requestExport(client, tenant, actorOf(principal));
        await record(client, {
          tenantId: tenant.id,
          kind: 'export.requested',
          message: `${actorName(principal)} asked for an export of the data`,
          data: { export: wanted.id, ...askedBy(principal) },
        });
        const shown = view(wanted);
        await c.get('idempotency').keep(client, 202, shown);
        return shown;
      });
      return c.json(asked, 202);
    })
    .openapi(download, async (c) => {
      const { id, export: exportId } = c.req.valid('param');
      const found = await c.get('exports').find(id, exportId);
      const file = found.removedAt === null && found.file !== null && (await exportFiles.read(found.file));
      if (!file)
        throw new Problem('not_ready', 'The export is not available: it is being made, or it has expired.');
      return c.body(Readable.toWeb(file) as ReadableStream, 200, {
        'content-type': 'application/gzip',
        'content-disposition': `attachment; filename="${found.tenantId}-${found.id}.jsonl.gz"`,
        ...(found.bytes !== null && { 'content-length': String(found.bytes) }),
      });
    });

function view(found: TenantExport): TenantExportView {
  const ready = found.finishedAt !== null;
  return {
    id: found.id,
    reason: found.reason,
    state: ready ? (found.removedAt ? 'expired' : 'ready') : 'pending',
    requestedAt: found.requestedAt.toISOString(),
    finishedAt: found.finishedAt?.toISOString() ?? null,
    bytes: found.bytes,
    tables: found.tables,
    rows: found.rows,
    sha256: found.sha256,
    expiresAt: found.expiresAt?.toISOString() ?? null,
    problem: !ready && found.attempts > 0 ? 'The last try failed; it is tried again.' : null,
  };
}
