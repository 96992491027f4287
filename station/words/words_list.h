/*
 * WORD(id, key, English, Simplified Chinese, Spanish, Vietnamese, German): one row a word. The only
 * source file that is not plain ASCII, so that those who speak a language can read it.
 *
 * PASS and FAIL are not what a machine's fault is called (German FEHLER would be); capitals are
 * written out, because no function of C makes them right in Vietnamese. No native speaker has read
 * the table yet.
 */
/* clang-format off */
/* ---- States of a slot ---- */
WORD(NO_ADAPTER, "no-adapter", "NO ADAPTER", "未连接适配器", "SIN ADAPTADOR", "CHƯA CÓ BỘ CHUYỂN ĐỔI", "KEIN ADAPTER")
WORD(EMPTY, "empty", "EMPTY", "空", "VACÍO", "TRỐNG", "LEER")
WORD(WORKING, "working", "WORKING", "烧录中", "EN PROCESO", "ĐANG CHẠY", "LÄUFT")
WORD(PASS, "pass", "PASS", "合格", "APROBADO", "ĐẠT", "GUT")
WORD(FAIL, "fail", "FAIL", "不合格", "RECHAZADO", "KHÔNG ĐẠT", "SCHLECHT")
WORD(WAITING, "waiting", "WAITING", "等待中", "EN ESPERA", "ĐANG CHỜ", "WARTET")
WORD(ATTENTION, "attention", "ATTENTION", "注意", "ATENCIÓN", "CHÚ Ý", "ACHTUNG")
/* ---- What to do now ---- */
WORD(PUT_IN, "put-in", "PUT IN", "请放入", "COLOQUE LA PLACA", "ĐẶT MẠCH VÀO", "EINLEGEN")
WORD(TAKE_OUT, "take-out", "TAKE OUT", "请取出", "RETIRE LA PLACA", "LẤY MẠCH RA", "ENTNEHMEN")
WORD(CALL_ENGINEER, "call-engineer", "CALL ENGINEER", "呼叫工程师", "LLAME AL INGENIERO", "GỌI KỸ SƯ", "TECHNIKER RUFEN")
/* clang-format on */
