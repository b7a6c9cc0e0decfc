// Claims of one person for each programme: everything its mdoc needs.

import { readFileSync } from 'node:fs'
import path from 'node:path'

const portrait = readFileSync(
  path.join(import.meta.dirname, '../data/portrait.jpg')).toString('base64')

const person = {
  family_name: '홍', given_name: '길동', birth_date: '1990-05-15'
}

export const claims = {
  'resident-id': {
    ...person,
    sex: 1,
    address: {
      region: '세종특별자치시', street: '한누리대로 2130', postal_code: '30151'
    },
    issue_date: '2025-04-01',
    portrait,
    issuing_authority: '세종특별자치시장'
  },
  'driver-licence': {
    ...person,
    family_name_latin: 'HONG',
    given_name_latin: 'GIL DONG',
    issue_date: '2015-06-01',
    expiry_date: '2035-05-31',
    document_number: '11-15-123456-78',
    portrait,
    portrait_capture_date: '2025-03-01T09:30:00Z',
    driving_privileges: [
      {
        vehicle_category_code: 'B',
        issue_date: '2015-06-01',
        expiry_date: '2035-05-31',
        codes: [{ code: '01.06' }, { code: '79', sign: '<=', value: '3500' }]
      },
      { vehicle_category_code: 'A' }
    ],
    issuing_authority: '서울특별시경찰청'
  },
  'public-official-id': {
    ...person,
    department: '행정안전부 디지털정부국',
    position: '사무관',
    duties: ['전자정부', '개인정보 보호', '당직'],
    document_number: '2025-000123',
    issuing_authority: '행정안전부장관'
  },
  'veteran-id': {
    ...person,
    document_number: 'V-31415',
    category: '국가유공자',
    issuing_authority: '국가보훈부장관'
  }
}

export const formats = {
  'resident-id':
    ['mso_mdoc', 'dc+sd-jwt', 'vc+jwt', 'opendid-vc', 'cwt-qr'],
  'driver-licence': ['mso_mdoc', 'dc+sd-jwt', 'vc+jwt', 'opendid-vc'],
  'public-official-id': ['mso_mdoc', 'dc+sd-jwt'],
  'veteran-id': ['mso_mdoc', 'dc+sd-jwt']
}

/** The body of POST /v1/credentials for these proofs. */
export const request = (programme, proofs) => ({
  programme,
  purpose: 'first-issue',
  holder: {
    number: '9005151234567',
    birth_date: '1990-05-15',
    residence: '36110',
    card: { status: 'issued', issued_on: '2010-07-01', ic_chip: true }
  },
  evidence: { kind: 'qr-token', qr_token: 'OKSE1:X', centre: '3611025000' },
  device: { id: 'phone-1', proofs },
  formats: formats[programme],
  claims: claims[programme]
})
