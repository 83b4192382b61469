import type { ComponentType } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { linkTo, route } from './lib/router.ts'
import { keyWanted } from './lib/session.ts'
import { ClaudePage } from './pages/claude.tsx'
import { MarketPage } from './pages/market.tsx'
import { PaymentPage } from './pages/payments/payment.tsx'
import { PaymentsPage } from './pages/payments/payments.tsx'
import { QueuesPage } from './pages/queues.tsx'
import { SendPage } from './pages/send/send.tsx'
import { TreasuryPage } from './pages/treasury.tsx'
import { WebhooksPage } from './pages/webhooks/webhooks.tsx'
import { Connection } from './parts/connection.tsx'
import { KeyForm } from './parts/key-form.tsx'

const PAGES: readonly { name: string; title: string; page: ComponentType }[] = [
  { name: 'send', title: 'Send money', page: SendPage },
  { name: 'payments', title: 'Payments', page: PaymentsPage },
  { name: 'treasury', title: 'Treasury', page: TreasuryPage },
  { name: 'market', title: 'Market', page: MarketPage },
  { name: 'webhooks', title: 'Webhooks', page: WebhooksPage },
  { name: 'queues', title: 'Queues', page: QueuesPage },
  { name: 'claude', title: 'Claude', page: ClaudePage },
]

const NotFound = () => (
  <p>
    There is no such page. <a href={linkTo('send')}>Send money</a>
  </p>
)

export const App = () => {
  const [name = 'send', id] = route.value
  const found = PAGES.find((each) => each.name === name)
  const isPayment = name === 'payments' && id !== undefined
  const title = isPayment ? 'Payment' : (found?.title ?? 'Not found')
  const Page = found?.page ?? NotFound

  const nav = useRef<HTMLElement>(null)
  // On a phone the links do not fit beside one another.
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [name])

  const heading = useRef<HTMLHeadingElement>(null)
  const first = useRef(true)
  // Whoever has followed a link hears where they have come to.
  useEffect(() => {
    document.title = `${title} · Ratelock`
    if (!first.current) heading.current?.focus()
    first.current = false
  }, [title, id])

  return (
    <>
      <button type="button" class="skip" onClick={() => heading.current?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <a class="brand" href={linkTo('send')}>
          <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
            <rect width="32" height="32" rx="8" fill="currentColor" />
            <path d="M10 15v-4a6 6 0 0 1 12 0v4M8 15h16v10H8z" class="brand-lock" />
          </svg>
          Ratelock
        </a>
        <nav aria-label="Pages" ref={nav}>
          {PAGES.map((each) => (
            <a
              key={each.name}
              href={linkTo(each.name)}
              aria-current={each.name === name ? 'page' : undefined}
            >
              {each.title}
            </a>
          ))}
        </nav>
        <Connection />
      </header>
      <main id="main">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {keyWanted.value ? <KeyForm /> : isPayment ? <PaymentPage key={id} id={id} /> : <Page />}
      </main>
    </>
  )
}
