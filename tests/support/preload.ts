if (!process.env.TEST_DATABASE_URL) {
  console.error('The tests need their PostgreSQL: run `bun run test [filter]` instead of `bun test`.')
  process.exit(1)
}
