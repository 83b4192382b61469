export type Scope = 'read' | 'write' | 'admin'

/** Who is calling. */
export interface Principal {
  accountId: string
  scopes: ReadonlySet<Scope>
}

/** Finds the caller of a request. Throws AppError UNAUTHORIZED when there is none. */
export type Authenticate = (request: Request) => Principal | Promise<Principal>
