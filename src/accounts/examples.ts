/** Values that the documentation shows. */
export const KEY = {
  id: 'key_0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f',
  name: 'Shop',
  hint: 'rl_live_…x8Qw',
  scopes: ['read', 'write'],
  status: 'active',
  created_at: '2026-11-23T12:00:00.000Z',
  created_by: 'key_0191d3a0-1b2c-7d3e-8f4a-5b6c7d8e9fa0',
  last_used_at: null,
  expires_at: null,
  revoked_at: null,
  replaced_by: null,
}

export const SECRET = 'rl_live_Zm9yIHRoZSBkb2N1bWVudGF0aW9uIG9ubHkgLi4ux8Qw'

export const ROTATED = {
  ...KEY,
  id: 'key_0191d8f1-2a3b-7c4d-9e5f-60718293a4b5',
  created_at: '2026-11-24T12:00:00.000Z',
}
