import { publicIds } from '../core/public-id.ts'

export const endpointIds = publicIds('webhook endpoint', 'we_')
export const eventIds = publicIds('event', 'evt_')
export const deliveryIds = publicIds('delivery', 'wd_')
