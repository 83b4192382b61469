/** Preloaded into the service by a test: SIGUSR2 makes it fail as a bug would, outside of everything that catches. */
process.on('SIGUSR2', () => {
  setTimeout(() => {
    throw new Error('a bug that nobody caught')
  }, 0)
})

export {}
