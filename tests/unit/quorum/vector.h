/* made by vector.py, which shares no code with quorum/ */
[[maybe_unused]] static const uint8_t vector_secret[] = {
	0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b,
	0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73,
	0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x7b,
	0x7c, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x83,
};
[[maybe_unused]] static const char vector_record[] =
    "okse-quorum 1"
    "\n"
    "set 0001020304050607"
    "\n"
    "ceremony f8f9fafbfcfdfeff"
    "\n"
    "threshold 3"
    "\n"
    "shares 5"
    "\n"
    "secret 60ae9373632ab1c85438818301b71c77814b9968aab"
    "2aca834e6a7ad0a79475c\n"
    "share 1 057025679f763b5c8f5b07e78c955e8d117c2f0fd3"
    "c2771c8bc47787239af8f0 officer 1\n"
    "share 2 8ce5c7cbe1edbf0ac952c215074b386e5f78073f0a"
    "33d25c7ccd04abccd0f3b9 officer 2\n"
    "share 3 afb346df0561fdbd52207d9a483b2aebccc0066338"
    "b0a39fe0c2eb0d36fc4698 officer 3\n"
    "share 4 3b04f9ad1d848548ca7069227d2a1fb88e25c13a31"
    "034e400c9309b2893d6fb6 officer 4\n"
    "share 5 c96ad045ee16238c6fd693e26d28b02ffc17c0cfdc"
    "cd156c07768c72231f32ee officer 5\n";
[[maybe_unused]] static const char *const vector_shares[] = {
	"okse-share1-AAAQ-EAYE-AUDA-P6HZ-7L57-Z7P6-74BQ-KANX-5CVL-2SUR"
	"-FTV5-VVE2-HIRT-ZF7N-KCJS-BYPF-6FIV-BR62-PKSH-3NYQ-G3G3-32OY",
	"okse-share1-AAAQ-EAYE-AUDA-P6HZ-7L57-Z7P6-74BQ-KASB-4DJM-Q6XT"
	"-SKND-7EL4-IF4L-TTLF-PHE3-643A-TN7R-7OLT-GROC-PAUM-UZYK-TEBY",
	"okse-share1-AAAQ-EAYE-AUDA-P6HZ-7L57-Z7P6-74BQ-KA4S-NUPB-EWAL"
	"-2QNI-SKEI-CQV7-IKH3-LUX6-TZP5-CNKD-IAWU-GCD5-VNA6-CM3N-2E52",
	"okse-share1-AAAQ-EAYE-AUDA-P6HZ-7L57-Z7P6-74BQ-KBDY-KLES-ED4Z"
	"-JILV-V3HD-CXXK-TNE3-MGQX-BM5M-F4TX-W6YW-7E35-MIC2-QKEY-4HCE",
	"okse-share1-AAAQ-EAYE-AUDA-P6HZ-7L57-Z7P6-74BQ-KBNL-34C7-QLLB"
	"-BSL6-YVIX-IC66-IUIF-IVDS-MJJR-U4GF-BQFR-7XWC-WFWI-G7LT-MA2D",
};
[[maybe_unused]] static const char vector_pin[] =
    "FFMZDBPLEV5JAADJZC3FTSYB6VZMYI4P";
[[maybe_unused]] static const char vector_so_pin[] =
    "7ACEYSDPGFYM6SC3NQXKZXIR3OSTOQYM";
[[maybe_unused]] static const uint8_t vector_pseudonym[] = {
	0x2e, 0x99, 0x2f, 0x38, 0x92, 0x24, 0x64, 0x39,
	0x36, 0x14, 0x65, 0x4d, 0x47, 0x45, 0x0b, 0x1a,
	0x78, 0x34, 0x23, 0xb2, 0x36, 0x0c, 0x47, 0xb4,
	0x54, 0x7f, 0x15, 0xe9, 0x2c, 0x62, 0x05, 0xa2,
};
[[maybe_unused]] static const uint8_t vector_status[] = {
	0x6f, 0x13, 0x6f, 0xda, 0x31, 0x57, 0x6c, 0x95,
	0x99, 0x4a, 0xe4, 0xcb, 0xb2, 0xa1, 0x6e, 0x0b,
	0xc7, 0xe4, 0x0e, 0x33, 0x42, 0xce, 0x34, 0x86,
	0x90, 0xce, 0x66, 0x70, 0xa1, 0xf9, 0xd9, 0x1e,
};
