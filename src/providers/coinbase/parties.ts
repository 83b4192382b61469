import { type Links, partyOf } from '../links.ts'
import type { Chain, Operation, Outcome } from '../port.ts'

/** The chains that Coinbase sends USDC on, which it calls as we do; Polygon is none of its networks. */
export const NETWORKS = ['base', 'arbitrum', 'solana', 'ethereum'] as const satisfies readonly Chain[]

/** Where a transfer takes from and gives to: ids of Coinbase's, or an address of ours on a chain. */
export interface Ends {
  source: string
  target: string
}

/** What a payer or payee is called at Coinbase. */
export interface Party {
  account: string | null
  paymentMethod: string | null
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const ACCOUNT = `account_${UUID}`
const METHOD = `paymentMethod_${UUID}`
const PARTY = new RegExp(`^(?:(${ACCOUNT})(?:\\+(${METHOD}))?|(${METHOD}))$`)

/**
 * Reads a link: `account_<uuid>`, `paymentMethod_<uuid>`, or both joined by a plus sign, the account first. Null for
 * anything else.
 */
export const parseParty = (link: string): Party | null => {
  const [match, account = null, besides = null, alone = null] = PARTY.exec(link) ?? []
  return match === undefined ? null : { account, paymentMethod: besides ?? alone }
}

const refused = (message: string): Outcome => ({ kind: 'refused', reason: 'route', message })

interface Ours {
  accountId: string
  links: Links
  wallets: Readonly<Partial<Record<Chain, string>>>
}

/**
 * Between which ends an operation moves money: from the payer's account to our wallet (on-ramp), from our account to
 * the payee's bank (off-ramp) or the payer's (refund), or to their account at Coinbase where no bank is linked.
 * A refusal when one of the two is not known.
 */
export const endsOf = async (
  operation: Operation,
  { accountId, links, wallets }: Ours,
): Promise<Ends | Outcome> => {
  const { leg, chain } = operation
  const name = partyOf(operation)
  const link = await links.find(operation, 'coinbase')
  if (link === null) return refused(`${name} is not linked to anything at coinbase`)
  const party = parseParty(link)
  if (!party) return refused(`${name} is linked to something that coinbase does not have`)
  if (leg === 'onramp') {
    const wallet = (NETWORKS as readonly Chain[]).includes(chain) ? wallets[chain] : undefined
    if (!wallet) return refused(`coinbase cannot deliver USDC to us on ${chain}`)
    return party.account
      ? { source: party.account, target: wallet }
      : refused(`${name} has no account linked at coinbase`)
  }
  const target = party.paymentMethod ?? party.account
  return target ? { source: accountId, target } : refused(`${name} is not linked to anything at coinbase`)
}
