/** A key to be written. */
export interface NewKey {
  accountId: string
  id: string
  hash: string
  hint: string
  /** The key that makes it, null when none does. */
  createdBy: string | null
}

/** The condition under which a key opens anything, by the database's clock. */
export const isLive = 'revoked_at is null and (expires_at is null or expires_at > now())'

export const INSERT = `
insert into api_keys (account_id, id, hash, hint, created_by, name, scopes, expires_at)
select $1::text, $2::uuid, $3::text, $4::text, $5::uuid, $6::text,
  array(select json_array_elements_text($7::text::json)), coalesce(now() + $8::int * interval '1 second', $9::timestamptz)
where $9::timestamptz is null or $9::timestamptz > now()
returning id`

// Locked first, so that of two rotations at once the second finds the successor of the first.
export const ROTATE = `
with old as (
  select * from api_keys
  where account_id = $1::text and id = $6::uuid and ${isLive} and replaced_by is null
    and ($9::timestamptz is null or $9::timestamptz > now())
  for update
),
ended as (
  update api_keys k set
    replaced_by = $2::uuid,
    revoked_at = case when $7::int = 0 then now() end,
    expires_at = case when $7::int = 0 then k.expires_at else least(k.expires_at, now() + $7::int * interval '1 second') end
  from old where k.account_id = old.account_id and k.id = old.id
)
insert into api_keys (account_id, id, hash, hint, created_by, name, scopes, expires_at)
select account_id, $2::uuid, $3::text, $4::text, $5::uuid, name, scopes,
  coalesce(now() + $8::int * interval '1 second', $9::timestamptz, now() + (expires_at - created_at))
from old
returning id`

// The account's live admin keys are locked in order and read again after any wait, so that of two that revoke each
// other at the same time one stays.
export const REVOKE = `
with admins as (
  select id from api_keys where account_id = $1::text and 'admin' = any (scopes) and ${isLive}
  order by id for update
)
update api_keys set revoked_at = now()
where account_id = $1::text and id = $2::uuid and revoked_at is null
  and ($3::boolean or id not in (select id from admins) or exists (select from admins where id <> $2::uuid))
returning id`
