import type { MarketView } from '../../../market/model.ts'
import type { ProviderList } from '../../../providers/model.ts'
import { clockTime, count, duration, percent, rate, usd, words } from '../lib/format.ts'
import { useLoad } from '../lib/load.ts'
import { money } from '../lib/money.ts'
import { Badge } from '../parts/badge.tsx'
import { Panel, Tiles } from '../parts/panel.tsx'
import { Empty, LoadedView } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'

const EVERY_MS = 5_000

const NAMES: Record<MarketView['sources'][number]['name'], string> = {
  exchangerate_api: 'exchangerate-api, rates',
  frankfurter: 'Frankfurter, rates compared',
  beaconchain: 'Beaconcha.in, gas of Ethereum',
  blockscout_base: 'Blockscout, gas of Base',
  blockscout_polygon: 'Blockscout, gas of Polygon',
  blockscout_arbitrum: 'Blockscout, gas of Arbitrum',
  solana_rpc: 'Solana RPC, gas of Solana',
  circle_status: 'Circle’s status page',
  coingecko: 'CoinGecko, coins',
}

const Sources = ({ sources }: { sources: MarketView['sources'] }) => (
  <Table
    label="Market sources"
    rows={sources}
    keyOf={({ name }) => name}
    columns={[
      { title: 'Source', cell: ({ name }) => NAMES[name] },
      { title: 'State', cell: ({ status }) => <Badge of={status} /> },
      {
        title: 'Age',
        right: true,
        cell: ({ age_seconds }) => (age_seconds === null ? 'never' : duration(age_seconds * 1000)),
      },
      {
        title: 'Failures since',
        cell: ({ failures, failure }) => (failures === 0 ? '0' : `${count(failures)}, ${failure}`),
      },
      {
        title: 'Value',
        cell: ({ value }) =>
          value === null ? (
            '–'
          ) : (
            <details>
              <summary>Show</summary>
              <pre>{JSON.stringify(value, null, 2)}</pre>
            </details>
          ),
      },
    ]}
  />
)

const against = ({ price, usual }: MarketView['gas'][number]): string => {
  const share = Number(price) / Number(usual)
  return Number.isFinite(share) ? percent(share) : '–'
}

const GAS_UNITS = { wei: 'Gwei', micro_lamports: 'micro-lamports' } as const

const gasPrice = ({ price, unit }: MarketView['gas'][number]): string =>
  `${rate(unit === 'wei' ? Number(price) / 1e9 : Number(price))} ${GAS_UNITS[unit]}`

const Data = ({ market }: { market: MarketView }) => (
  <>
    <Panel title="Sources">
      <Sources sources={market.sources} />
    </Panel>
    <Panel title="Gas by chain">
      <Table
        label="Gas by chain"
        rows={market.gas}
        keyOf={({ chain }) => chain}
        columns={[
          { title: 'Chain', cell: ({ chain }) => words(chain) },
          { title: 'Price', right: true, cell: gasPrice },
          { title: 'Of what is usual', right: true, cell: against },
          { title: 'One transfer', right: true, cell: ({ transfer_usd }) => usd(transfer_usd) },
          { title: 'From', cell: ({ source }) => <Badge of={source} /> },
          { title: 'Circle says', cell: ({ chain }) => <Badge of={market.circle[chain]} /> },
        ]}
      />
    </Panel>
    <Panel title="Mid rates" aside={<Badge of={market.fx.source} />}>
      {market.fx.doubts.length > 0 && (
        <p class="problem" role="alert">
          Doubted: {market.fx.doubts.map(words).join(', ')}
        </p>
      )}
      <Tiles
        of={Object.entries(market.fx.fiat_per_usd)
          .filter(([currency]) => currency !== 'USD')
          .map(([currency, mid]) => [`${currency} for one USD`, rate(Number(mid))] as const)}
      />
      <p class="quiet">
        {Object.entries(market.usd)
          .map(([coin, price]) => `${coin} ${usd(price)}`)
          .join(' · ')}
      </p>
    </Panel>
  </>
)

type Leg = ProviderList['data'][number]['onramp']

const limits = (leg: Leg): string =>
  leg === null
    ? 'no'
    : `${leg.currencies.join(' ')}; ${money(leg.least_usd_cents, 'USD')} to ${money(leg.most_usd_cents, 'USD')}`

const Providers = () => {
  const providers = useLoad<ProviderList>('/providers', { everyMs: EVERY_MS })
  return (
    <Panel title="Providers">
      <LoadedView of={providers} what="the providers">
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="No provider is configured" />
          ) : (
            <Table
              label="Providers"
              rows={data}
              keyOf={({ name }) => name}
              columns={[
                { title: 'Provider', cell: ({ name, sandbox }) => (sandbox ? `${name} (plays)` : name) },
                { title: 'Health', cell: ({ health }) => <Badge of={health} /> },
                { title: 'Breaker', cell: ({ breaker }) => <Badge of={breaker} /> },
                { title: 'Calls', cell: ({ failing }) => (failing ? 'half of the newest fail' : 'fine') },
                { title: 'On-ramp', cell: ({ onramp }) => limits(onramp) },
                { title: 'Off-ramp', cell: ({ offramp }) => limits(offramp) },
              ]}
            />
          )
        }
      </LoadedView>
    </Panel>
  )
}

/** What quotes and advice are made of: market data, gas, and the providers. */
export const MarketPage = () => {
  const market = useLoad<MarketView>('/market', { everyMs: EVERY_MS })
  return (
    <div class="stack">
      <LoadedView of={market} what="the market">
        {(found) => (
          <>
            <p class="quiet">As of {clockTime(found.at)}, as the process that answered knows it.</p>
            <Data market={found} />
          </>
        )}
      </LoadedView>
      <Providers />
    </div>
  )
}
