import { useState } from 'preact/hooks'
import type { Endpoint, EndpointPage, EndpointWithSecret } from '../../../../webhooks/endpoints/model.ts'
import { call } from '../../lib/api.ts'
import { dateTime } from '../../lib/format.ts'
import { useAction, useLoad } from '../../lib/load.ts'
import { Badge } from '../../parts/badge.tsx'
import { Id } from '../../parts/copy.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Empty, Failure, LoadedView } from '../../parts/states.tsx'
import { Table } from '../../parts/table.tsx'

const AddEndpoint = ({ onAdded }: { onAdded(made: EndpointWithSecret): void }) => {
  const [url, setUrl] = useState('')
  const adding = useAction(async () => {
    const made = await call<EndpointWithSecret>('/webhooks/endpoints', { method: 'POST', body: { url } })
    setUrl('')
    onAdded(made)
  })
  const submit = (event: Event) => {
    event.preventDefault()
    void adding.run()
  }
  return (
    <form onSubmit={submit}>
      <div class="row">
        <label class="grow">
          New endpoint
          <input
            type="url"
            required
            value={url}
            placeholder="https://example.com/hooks/ratelock"
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={adding.busy}>
          Add
        </button>
      </div>
      {adding.error && <Failure error={adding.error} />}
    </form>
  )
}

const Actions = ({ endpoint, onChange }: { endpoint: Endpoint; onChange(): void }) => {
  const path = `/webhooks/endpoints/${endpoint.id}`
  const acting = useAction(async (what: 'test' | 'switch') => {
    if (what === 'test') await call(`${path}/test`, { method: 'POST' })
    else await call(path, { method: 'PATCH', body: { enabled: !endpoint.enabled } })
    onChange()
  })
  return (
    <>
      <button
        type="button"
        disabled={acting.busy}
        aria-label={`Send a test to ${endpoint.url}`}
        onClick={() => void acting.run('test')}
      >
        Send a test
      </button>{' '}
      <button
        type="button"
        disabled={acting.busy}
        aria-label={`${endpoint.enabled ? 'Disable' : 'Enable'} ${endpoint.url}`}
        onClick={() => void acting.run('switch')}
      >
        {endpoint.enabled ? 'Disable' : 'Enable'}
      </button>
      {acting.error && <Failure error={acting.error} />}
    </>
  )
}

/** Where the account wants its events, with a form for one more. */
export const Endpoints = () => {
  const endpoints = useLoad<EndpointPage>('/webhooks/endpoints', { everyMs: 10_000 })
  const [made, setMade] = useState<EndpointWithSecret | null>(null)
  const added = (endpoint: EndpointWithSecret) => {
    setMade(endpoint)
    endpoints.reload()
  }
  return (
    <Panel title="Endpoints" focus={made === null}>
      <AddEndpoint onAdded={added} />
      {made && (
        <div class="state">
          <p class="state-title" role="status">
            Its signing secret, shown only now
          </p>
          <Id what="secret" value={made.secret} />
          <p>
            <button type="button" onClick={() => setMade(null)}>
              I have it
            </button>
          </p>
        </div>
      )}
      <LoadedView of={endpoints} what="the endpoints">
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="No endpoint yet" />
          ) : (
            <Table
              label="Endpoints"
              rows={data}
              keyOf={({ id }) => id}
              columns={[
                {
                  title: 'URL',
                  cell: ({ url, description }) => (description ? `${url} (${description})` : url),
                },
                {
                  title: 'State',
                  cell: ({ enabled, disabled_reason }) => (
                    <>
                      <Badge of={enabled ? 'enabled' : 'disabled'} /> {disabled_reason}
                    </>
                  ),
                },
                {
                  title: 'Failing since',
                  cell: ({ failing_since }) => (failing_since === null ? '' : dateTime(failing_since)),
                },
                { title: 'Events', cell: ({ event_types }) => event_types?.join(', ') ?? 'all usual ones' },
                {
                  title: 'Actions',
                  cell: (endpoint) => <Actions endpoint={endpoint} onChange={endpoints.reload} />,
                },
              ]}
            />
          )
        }
      </LoadedView>
    </Panel>
  )
}
