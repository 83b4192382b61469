import { publicIds } from '../core/public-id.ts'

export const keyIds = publicIds('API key', 'key_')
