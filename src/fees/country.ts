// Not the package itself, which loads all languages by computed names that a compiled program does not have.
import countries from 'i18n-iso-countries/index.js'
import english from 'i18n-iso-countries/langs/en.json'
import { AppError } from '../core/errors.ts'

countries.registerLocale(english)

/** The library lists it for Kosovo, but ISO 3166 has not assigned it. */
const NOT_ASSIGNED = 'XK'

/**
 * The English ISO 3166-1 name of a country given by name or by two- or three-letter code, in any case. What comes out
 * is always the list's own text, never the caller's. Throws VALIDATION_ERROR.
 */
export const countryName = (given: string): string => {
  const text = given.trim()
  const alpha2 =
    (/^[a-z]{2}$/i.test(text) && countries.isValid(text.toUpperCase()) ? text.toUpperCase() : undefined) ??
    (/^[a-z]{3}$/i.test(text) ? countries.alpha3ToAlpha2(text.toUpperCase()) : undefined) ??
    countries.getAlpha2Code(text, 'en')
  const name = alpha2 && alpha2 !== NOT_ASSIGNED ? countries.getName(alpha2, 'en') : undefined
  if (name) return name
  throw new AppError('VALIDATION_ERROR', 'The destination country is not known', [
    {
      path: '/destination_country',
      message:
        'must be an ISO 3166 country: its English name, such as Germany, or its code, such as DE or DEU',
    },
  ])
}

/** The two-letter code of an English ISO 3166-1 name, so that a text which is no country's name has no way in. */
export const countryCode = (name: string): string | null => countries.getAlpha2Code(name, 'en') ?? null
