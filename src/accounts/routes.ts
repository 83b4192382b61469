import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { PageQuery } from '../core/page.ts'
import { strict } from '../core/schema.ts'
import { authPlugin } from '../http/auth.ts'
import { shown } from '../http/openapi/responses.ts'
import { ErrorBody } from '../http/schemas.ts'
import { KEY, ROTATED, SECRET } from './examples.ts'
import { Key, KeyPage, KeyRequest, KeyRotation, KeyWithSecret } from './model.ts'
import type { AccountService } from './service.ts'

const ById = strict({ id: Type.String({ maxLength: 100, description: 'The id, key_ and a UUID' }) })

/** The keys of the account that asks; all of it needs the admin scope. */
export const keyRoutes = (service: AccountService) =>
  new Elysia({ name: 'accounts.keys', prefix: '/keys', tags: ['API keys'] })
    .use(authPlugin())
    .post(
      '',
      async ({ principal, body, set }) => {
        const created = await service.createKey(principal, body)
        set.status = 201
        return created
      },
      {
        auth: 'admin',
        body: KeyRequest,
        response: { 201: KeyWithSecret, 403: ErrorBody },
        detail: {
          operationId: 'createApiKey',
          summary: 'Make an API key',
          description:
            'The answer holds the key itself, this once: only its hash is kept. A key can only grant scopes that it has.',
          'x-examples': {
            shop: { summary: 'Quotes and pays', value: { name: 'Shop', scopes: ['read', 'write'] } },
            auditor: {
              summary: 'Reads for thirty days',
              value: { name: 'Auditor', scopes: ['read'], expires_in: 2_592_000 },
            },
          },
          'x-responses': { 201: shown('key', { ...KEY, key: SECRET }) },
        },
      },
    )
    .get('', ({ principal, query }) => service.listKeys(principal.accountId, query), {
      auth: 'admin',
      query: PageQuery,
      response: { 200: KeyPage },
      detail: {
        operationId: 'listApiKeys',
        summary: 'List API keys, newest first, ended ones too',
        'x-responses': { 200: shown('keys', { data: [KEY], next_cursor: null }) },
      },
    })
    .get('/:id', ({ principal, params }) => service.getKey(principal.accountId, params.id), {
      auth: 'admin',
      params: ById,
      response: { 200: Key, 404: ErrorBody },
      detail: {
        operationId: 'getApiKey',
        summary: 'Read an API key',
        'x-responses': { 200: shown('key', KEY) },
      },
    })
    .delete(
      '/:id',
      async ({ principal, params, set }) => {
        await service.revokeKey(principal.accountId, params.id)
        set.status = 204
      },
      {
        auth: 'admin',
        params: ById,
        response: { 204: Type.Void(), 404: ErrorBody, 409: ErrorBody },
        detail: {
          operationId: 'revokeApiKey',
          summary: 'Revoke an API key',
          description:
            'From the next request on it opens nothing; once more does nothing. The last live key with the admin scope is refused with 409: rotate it instead.',
        },
      },
    )
    .post(
      '/:id/rotate',
      async ({ principal, params, body, set }) => {
        const created = await service.rotateKey(principal, params.id, body)
        set.status = 201
        return created
      },
      {
        auth: 'admin',
        params: ById,
        body: KeyRotation,
        response: { 201: KeyWithSecret, 403: ErrorBody, 404: ErrorBody, 409: ErrorBody },
        detail: {
          operationId: 'rotateApiKey',
          summary: 'Replace an API key',
          description:
            'Makes a new key with the same name and scopes. The old one works beside it during the overlap; 0 ends it at once.',
          'x-examples': {
            day: { summary: 'Both keys for a day', value: {} },
            leaked: { summary: 'The old one has leaked', value: { overlap_seconds: 0 } },
          },
          'x-responses': { 201: shown('key', { ...ROTATED, key: SECRET }) },
        },
      },
    )
