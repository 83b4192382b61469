import type Anthropic from '@anthropic-ai/sdk'
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema'
import type { Question } from './adviser.ts'
import { AnswerSchema } from './output.ts'
import { questionText } from './prompt.ts'
import { SYSTEM } from './system.ts'

/** The longest answer within the bounds has about 600 tokens. */
const MOST_TOKENS = 1024

// The helper is typed for literal JSON schemas; it closes the objects and drops what TypeBox adds.
const { type, schema } = jsonSchemaOutputFormat(AnswerSchema as never)
const FORMAT: Anthropic.JSONOutputFormat = { type, schema }

/**
 * Thinking would cost the seconds that there are not. Sonnet 5.5 has another word for none, and answers 400 to the usual
 * one (platform.claude.com/docs/en/models/sonnet-5-5/migration-guide). Models that always think answer 400 too.
 */
const thinkingOf = (model: string): Anthropic.ThinkingConfigParam =>
  model === 'claude-sonnet-5-5' ? { type: 'between_tools' } : { type: 'disabled' }

/** The request of the Messages API that puts the question to the model. */
export const requestFor = (model: string, question: Question): Anthropic.MessageCreateParamsNonStreaming => ({
  model,
  max_tokens: MOST_TOKENS,
  thinking: thinkingOf(model),
  system: [{ type: 'text', text: SYSTEM, cache_control: { type: 'ephemeral' } }],
  messages: [{ role: 'user', content: questionText(question) }],
  output_config: { format: FORMAT },
})
