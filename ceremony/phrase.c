/*
 * The table of phrases. Our own constants; a test compares the conversions of
 * both sides, and looks for phrases that no code uses.
 */
#include "ceremony/phrase.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	const char	*english, *korean;
} table[] = {
	/* the opening */
	{ "hashes, in digits and in words:", "해시값 (숫자와 영어 낱말):" },
	{ "%s, from your own paper: words %u and %u of the %s",
	    "%s: 가지고 온 종이에서 %u번째와 %u번째 낱말 (%s)" },
	{ "  word %u is another one", "  %u번째 낱말이 다릅니다" },
	{ "%s, the time on your own watch, UTC, HH:MM",
	    "%s: 본인 시계의 시각 (UTC, HH:MM)" },
	/* presence and agreement */
	{ "roll-call: %s, %s: Enter, or absent",
	    "출석 확인: %s, %s: 엔터, 없으면 absent" },
	{ "do you agree? Enter, or no", "동의하십니까? 엔터, 아니면 no" },
	{ "is your backup share destroyed? Enter, or no",
	    "백업 비밀 조각을 파기했습니까? 엔터, 아니면 no" },
	{ "%s, %s: agree, or disagree and why",
	    "%s, %s: agree, 또는 disagree 와 이유" },
	{ "Enter to go on", "계속하려면 엔터" },
	{ "Enter to try again, or abort", "다시 하려면 엔터, 중단은 abort" },
	{ "%s, your backup share (not shown)",
	    "%s: 백업 비밀 조각 (화면에 나오지 않음)" },
	{ "medium %u: the directory where it is mounted",
	    "저장매체 %u: 연결된 디렉터리" },
	{ "  no directory is there", "  그런 디렉터리가 없습니다" },
	{ "%s, your share (not shown)", "%s: 비밀 조각 (화면에 나오지 않음)" },
	{ "  not the signature of %s: %s", "  %s 의 서명이 아닙니다: %s" },
	{ "  %s: not taken: %s", "  %s: 받아들이지 않음: %s" },
	{ "  %s signs with their card", "  %s 이(가) 카드로 서명합니다" },
	/* out of the ordinary */
	{ "exception: what was expected?", "예외: 무엇이 예정되어 있었습니까?" },
	{ "exception: what happened?", "예외: 무슨 일이 일어났습니까?" },
	{ "exception: what was decided?", "예외: 무엇을 결정했습니까?" },
	{ "break: why, and what was sealed how?",
	    "휴식: 이유와, 무엇을 어떻게 봉인했습니까?" },
	{ "break: back; what was found how?",
	    "휴식 끝: 무엇이 어떤 상태로 있었습니까?" },
	{ "abort: why?", "중단: 이유는?" },
	{ "going on with step %zu", "%zu단계부터 계속합니다" },
	{ "the ceremony's root, for everybody's own paper:",
	    "이 행사의 최종 해시값입니다. 각자 종이에 적어 두십시오:" },
	/* steps */
	{ "step %zu of %zu: %s", "단계 %zu / %zu: %s" },
	{ "a secret is drawn, by token and host, and split; each officer's "
	    "share is encrypted to them",
	    "토큰과 컴퓨터가 함께 비밀값을 뽑아 나누고, 조각을 각 담당자에게만 열리도록 암호화합니다" },
	{ "each officer enters their share; every quorum must open the "
	    "secret, every set of one fewer must not",
	    "담당자마다 조각을 입력합니다. 정족수이면 반드시 열리고, 한 명이 "
	    "모자라면 열리지 않아야 합니다" },
	{ "the blank token gets its label: a point of no return",
	    "빈 토큰에 이름을 넣습니다. 되돌릴 수 없습니다" },
	{ "each officer who is present enters their share; it is checked "
	    "alone, and nothing is put together",
	    "참석한 담당자마다 조각을 입력합니다. 하나씩 따로 확인하며 합치지 "
	    "않습니다" },
	{ "officers enter their shares; the token is opened, and its "
	    "objects are compared with the register",
	    "담당자들이 조각을 입력해 토큰을 열고, 안의 객체를 대장과 비교합니다" },
	{ "the token takes the PINs of the officers, and theirs alone: a "
	    "point of no return",
	    "토큰의 PIN 을 담당자들의 것으로 바꿉니다. 이전 것은 더는 열지 "
	    "못합니다. 되돌릴 수 없습니다" },
	{ "the token makes a key pair; its attributes are read back and it "
	    "signs",
	    "토큰이 키 쌍을 만들고, 속성을 다시 읽고, 서명해 봅니다" },
	{ "a certificate is built, linted, signed by the token, compared "
	    "and linted again",
	    "인증서를 만들어 검사하고, 토큰으로 서명한 뒤 비교하고 다시 "
	    "검사합니다" },
	{ "a revocation list is built, signed by the token and read back",
	    "폐지 목록을 만들어 토큰으로 서명하고 다시 읽습니다" },
	{ "officers sign the manifest of a policy bundle: read what it "
	    "changes before (okse policy simulate)",
	    "담당자들이 정책 묶음의 목록에 서명합니다. 무엇이 바뀌는지 먼저 "
	    "확인하십시오 (okse policy simulate)" },
	{ "the key signs for the last time, and is destroyed: a point of no "
	    "return",
	    "키가 마지막으로 서명하고 파기됩니다. 되돌릴 수 없습니다" },
	{ "the token's objects are counted, it is logged out, the secret is "
	    "forgotten, the register is written",
	    "토큰의 객체를 세고 로그아웃하며, 비밀값을 지우고 대장을 씁니다" },
	{ "the token is given up: what it holds and no medium has is gone",
	    "토큰을 분실로 처리합니다. 저장매체에 없는 키는 되찾을 수 없습니다" },
	{ "officers enter their shares; the secret is open, and no token "
	    "is",
	    "담당자들이 조각을 입력해 비밀값을 엽니다. 토큰은 열지 않습니다" },
	{ "another secret is drawn and split: wrapped keys are opened by it "
	    "alone",
	    "비밀값을 하나 더 뽑아 나눕니다. 포장한 키는 이것으로만 열립니다" },
	{ "each officer enters their backup share; every quorum must open "
	    "the secret, every set of one fewer must not",
	    "담당자마다 백업 조각을 입력합니다. 정족수이면 반드시 열리고, 한 "
	    "명이 모자라면 열리지 않아야 합니다" },
	{ "officers enter their backup shares",
	    "담당자들이 백업 조각을 입력합니다" },
	{ "every key that is to be backed up is wrapped, and written to "
	    "every medium",
	    "백업할 키를 모두 포장하여 모든 저장매체에 씁니다" },
	{ "on the second token every wrapped key is unwrapped, and signs",
	    "둘째 토큰에서 포장한 키를 모두 풀고, 서명해 봅니다" },
	{ "the keys become such that nothing takes them out of the token "
	    "any more: a point of no return",
	    "이제부터 어떤 방법으로도 키를 토큰 밖으로 꺼낼 수 없게 합니다. "
	    "되돌릴 수 없습니다" },
	{ "every wrapped key is unwrapped in the new token, and signs",
	    "새 토큰에서 포장한 키를 모두 풀고, 서명해 봅니다" },
	/* what was done */
	{ "  %s, %s: your share is %s", "  %s, %s: 비밀 조각은 %s 입니다" },
	{ "  %jd quorums opened the secret, %jd sets of one officer fewer "
	    "did not",
	    "  정족수 조합 %jd개가 열었고, 한 명 모자란 조합 %jd개는 열지 "
	    "못했습니다" },
	{ "  %jd of %u officers hold their share",
	    "  조각을 가진 담당자 %jd명 (모두 %u명)" },
	{ "  token %s, serial %s", "  토큰 %s, 일련번호 %s" },
	{ "  the token took its label before the crash",
	    "  토큰은 중단되기 전에 이름을 받았습니다" },
	{ "  the token takes the officers' PIN",
	    "  토큰이 담당자들의 PIN 을 받았습니다" },
	{ "  the key was made before the crash",
	    "  키는 중단되기 전에 만들어졌습니다" },
	{ "  half of the key %s is there: it is destroyed",
	    "  키 %s 의 반쪽만 있어 파기합니다" },
	{ "  %s is gone from token %s", "  %s 키를 토큰 %s 에서 파기했습니다" },
	{ "  %s is gone from medium %u", "  %s 키를 저장매체 %u 에서 지웠습니다" },
	{ "  %s is wrapped", "  %s 키를 포장했습니다" },
	{ "  %s signs on the token %s", "  %s 키가 토큰 %s 에서 서명합니다" },
	{ "  not taken: %s", "  받아들이지 않음: %s" },
	{ "  %s goes beside the manifest, as signatures",
	    "  %s 을(를) 목록 곁에 signatures 로 두십시오" },
};

const char *
phrase(enum language l, const char *english)
{
	for (size_t i = 0; l == LANGUAGE_KOREAN && i < COUNT(table); i++)
		if (strcmp(table[i].english, english) == 0)
			return table[i].korean;
	return english;
}
