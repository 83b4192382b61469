/** What a key may do. None of them implies another: a key that manages keys need not be able to move money. */
export const SCOPES = ['read', 'write', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Who is calling. */
export interface Principal {
  accountId: string
  scopes: ReadonlySet<Scope>
  /** Public id of the API key, absent where none is needed. */
  keyId?: string
}

/** Whoever runs the service, acting for an account with every scope. */
export const operatorOf = (accountId: string): Principal => ({ accountId, scopes: new Set(SCOPES) })

/** Finds the caller of a request. Throws AppError UNAUTHORIZED when there is none. */
export type Authenticate = (request: Request) => Principal | Promise<Principal>
