import countries from 'i18n-iso-countries'
import english from 'i18n-iso-countries/langs/en.json'
import { AppError } from '../core/errors.ts'

countries.registerLocale(english)

/**
 * The English ISO 3166-1 name of a country given by name or by two- or three-letter code, in any case. What comes out
 * is always the list's own text, never the caller's. Throws VALIDATION_ERROR.
 */
export const countryName = (given: string): string => {
  const text = given.trim()
  const code = text.toUpperCase()
  const alpha2 =
    (/^[A-Z]{2}$/.test(code) && countries.isValid(code) ? code : undefined) ??
    (/^[A-Z]{3}$/.test(code) ? countries.alpha3ToAlpha2(code) : undefined) ??
    countries.getAlpha2Code(text, 'en')
  const name = alpha2 && countries.getName(alpha2, 'en')
  if (name) return name
  throw new AppError('VALIDATION_ERROR', 'The destination country is not known', [
    {
      path: '/destination_country',
      message:
        'must be an ISO 3166 country: its English name, such as Germany, or its code, such as DE or DEU',
    },
  ])
}
