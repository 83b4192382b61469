import { useMemo, useState } from 'preact/hooks'
import type { Fiat } from '../../../core/currency.ts'
import type { Exposure, LockBuffer } from '../../../treasury/model.ts'
import { withQuery } from '../lib/api.ts'
import { bps, count, dateTime, day, percent } from '../lib/format.ts'
import { useLoad } from '../lib/load.ts'
import { money } from '../lib/money.ts'
import { Badge } from '../parts/badge.tsx'
import { Chart } from '../parts/chart.tsx'
import { CurrencyChoice } from '../parts/currency.tsx'
import { Figures, Panel } from '../parts/panel.tsx'
import { Empty, LoadedView } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'

const EVERY_MS = 5_000
const DAYS = 30

const OpenLocks = ({ open }: { open: Exposure['open'] }) =>
  open.length === 0 ? (
    <Empty title="No lock is open">
      <p>No payout is promised that was not made.</p>
    </Empty>
  ) : (
    <Table
      label="Open locks by pair"
      rows={open}
      keyOf={(lock) => lock.from_currency + lock.to_currency}
      columns={[
        { title: 'Pair', cell: (lock) => `${lock.from_currency} → ${lock.to_currency}` },
        { title: 'Payments', right: true, cell: ({ payments }) => count(payments) },
        { title: 'Promised', right: true, cell: (lock) => money(lock.locked_payout, lock.to_currency) },
        { title: 'Worth now', right: true, cell: (lock) => money(lock.present_payout, lock.to_currency) },
        {
          title: 'Unrealised',
          right: true,
          cell: (lock) => money(lock.unrealised, lock.to_currency, { signed: true }),
        },
        { title: 'Mid', cell: ({ rate_source }) => <Badge of={rate_source} /> },
        { title: 'Oldest to be settled by', cell: ({ oldest_settle_by }) => dateTime(oldest_settle_by) },
      ]}
    />
  )

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

const Realised = ({ realised }: { realised: Exposure['realised'] }) => {
  const { at, series } = useMemo(() => {
    const days = realised.toReversed()
    return {
      at: days.map((each) => Date.parse(each.day) / 1000),
      series: [
        {
          label: 'Kept by the quotes',
          colour: 'accent',
          kind: 'bars' as const,
          values: days.map(({ fx_spread }) => fx_spread),
        },
        {
          label: 'Gained or lost on locks',
          colour: 'amber',
          kind: 'line' as const,
          values: days.map(({ fx_gain_loss }) => fx_gain_loss),
        },
      ],
    }
  }, [realised])
  if (realised.length === 0) return <Empty title={`No payment was completed within ${DAYS} days`} />
  const kept = sum(realised.map(({ fx_spread }) => fx_spread))
  const lock = sum(realised.map(({ fx_gain_loss }) => fx_gain_loss))
  return (
    <>
      <Figures
        of={[
          ['Payments completed', count(sum(realised.map(({ payments }) => payments)))],
          ['Kept by the quotes', money(kept, 'USDC', { signed: true })],
          ['Gained or lost on locks', money(lock, 'USDC', { signed: true })],
        ]}
      />
      <Chart
        label={`Realised results by day: ${money(kept, 'USDC', { signed: true })} kept by the quotes, ${money(lock, 'USDC', { signed: true })} on locks`}
        at={at}
        series={series}
        format={(value) => money(Math.round(value), 'USDC')}
        instant={(seconds) => day(seconds * 1000)}
      />
    </>
  )
}

const LockBufferPanel = () => {
  const [pair, setPair] = useState<{ from: Fiat; to: Fiat }>({ from: 'USD', to: 'EUR' })
  const query = { from_currency: pair.from, to_currency: pair.to, days: 90 }
  const buffer = useLoad<LockBuffer>(pair.from === pair.to ? null : withQuery('/treasury/lock-buffer', query))
  const { data } = buffer
  const { at, series } = useMemo(
    () => ({
      at: (data?.points ?? []).map((point) => Date.parse(point.at) / 1000),
      series: [
        {
          label: 'Lock buffer',
          colour: 'accent',
          kind: 'steps' as const,
          values: (data?.points ?? []).map((point) => point.bps),
        },
      ],
    }),
    [data],
  )
  return (
    <Panel
      title="What a lock costs"
      aside={
        <span>
          <CurrencyChoice
            inline
            label="From"
            value={pair.from}
            other={pair.to}
            onChange={(from) => setPair({ ...pair, from })}
          />{' '}
          <CurrencyChoice
            inline
            label="To"
            value={pair.to}
            other={pair.from}
            onChange={(to) => setPair({ ...pair, to })}
          />
        </span>
      }
    >
      <LoadedView of={buffer} what="the lock buffer">
        {({ current_bps, min_bps, max_bps, points }) => (
          <>
            <Figures
              of={[
                ['Now', bps(current_bps)],
                ['Bounds', `${count(min_bps)} to ${bps(max_bps)}`],
              ]}
            />
            {points.length === 0 ? (
              <Empty title="No rates are recorded for this pair">
                <p>Until there are, every lock costs the configured default.</p>
              </Empty>
            ) : (
              <Chart
                label={`Lock buffer of ${pair.from} to ${pair.to} over 90 days, now ${bps(current_bps)}`}
                at={at}
                series={series}
                format={(value) => bps(value)}
                instant={(seconds) => day(seconds * 1000)}
              />
            )}
          </>
        )}
      </LoadedView>
    </Panel>
  )
}

/** What our promises would cost now, and what they have cost. */
export const TreasuryPage = () => {
  const exposure = useLoad<Exposure>(`/treasury/exposure?days=${DAYS}`, { everyMs: EVERY_MS })
  return (
    <div class="stack">
      <LoadedView of={exposure} what="the exposure">
        {({ open, realised, late }) => (
          <>
            <Panel title="Open exposure">
              <OpenLocks open={open} />
              <p class="quiet">
                {count(late.late)} of {count(late.payments)} payments in {DAYS} days were late (
                {percent(late.share)}).
              </p>
            </Panel>
            <Panel title={`Realised within ${DAYS} days`}>
              <Realised realised={realised} />
            </Panel>
          </>
        )}
      </LoadedView>
      <LockBufferPanel />
    </div>
  )
}
