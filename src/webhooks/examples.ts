/** Values that the documentation shows, one of each kind. */
export const ENDPOINT = {
  id: 'we_0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f',
  url: 'https://example.com/hooks/ratelock',
  description: 'Order system',
  event_types: ['payment.completed', 'payment.failed'],
  enabled: true,
  disabled_reason: null,
  failing_since: null,
  previous_secret_expires_at: null,
  created_at: '2026-11-23T12:00:00.000Z',
}

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo='

export const ROTATED = {
  ...ENDPOINT,
  previous_secret_expires_at: '2026-11-24T12:00:00.000Z',
  secret: SECRET,
}

export const EVENT = {
  id: 'evt_0191d3a5-1c2d-7e3f-8a4b-5c6d7e8f9a0b',
  type: 'payment.completed',
  payment_id: 'd910ce80-3f54-46bf-a1b0-256234c6c08a',
  quote_id: null,
  sequence: 5,
  created_at: '2026-11-23T12:02:10.000Z',
}

export const DELIVERY = {
  id: 'wd_0191d3a5-1c2e-7a11-9b22-0c33d44e55f6',
  event_id: EVENT.id,
  event_type: EVENT.type,
  endpoint_id: ENDPOINT.id,
  redelivery_of: null,
  status: 'pending',
  attempts: 1,
  last_http_status: 503,
  last_error: 'HTTP 503',
  created_at: '2026-11-23T12:02:10.000Z',
  last_attempt_at: '2026-11-23T12:02:10.020Z',
  next_attempt_at: '2026-11-23T12:02:15.410Z',
  delivered_at: null,
}

export const ATTEMPT = {
  attempt: 1,
  at: '2026-11-23T12:02:10.020Z',
  http_status: 503,
  latency_ms: 41,
  error: 'HTTP 503',
  response_excerpt: 'upstream is restarting',
  next_attempt_at: '2026-11-23T12:02:15.410Z',
}

export const DEAD = { ...DELIVERY, status: 'dead', attempts: 12, next_attempt_at: null }
