/* Replies: what a frame is read as stays within the frame; requests come back as they were. */
#include "tests/fuzz/lib/fuzz.h"

#include "core/frames/packet.h"
#include "core/frames/slip.h"

#include <stdlib.h>
#include <string.h>

static void read_reply(const uint8_t *frame, size_t n, size_t payload_bytes)
{
    struct reply r;
    char spare[16];
    if (!packet_parse(frame, n, &r))
        return;
    must(r.data >= frame && r.data + r.data_bytes <= frame + n, "the data lie in the frame");
    must(packet_command_name(r.command, spare)[0] != '\0', "each command has a name");
    if (!packet_judge(&r, payload_bytes))
        return;
    must(packet_status_text(&packet_dialect_rom, r.status)[0] != '\0', "each status has words");
    must(packet_status_text(&packet_dialect_stub, r.status)[0] != '\0', "each status has words");
}

static void write_request(const uint8_t *bytes, size_t n, uint8_t command)
{
    size_t cap = SLIP_ENCODED_MAX(n + PACKET_HEADER_BYTES + PACKET_BLOCK_HEADER_BYTES);
    uint8_t *wire = must_alloc(cap), *tight = must_alloc(n);
    size_t head_bytes = n < 16 ? n : 16;
    size_t whole = packet_encode(wire, cap, command, n & 0xFF, bytes, head_bytes,
                                 bytes + head_bytes, n - head_bytes);
    must(whole <= cap && (whole > 0 || n > UINT16_MAX), "a request fits the room it may need");
    must(whole == 0 || (wire[0] == 0xC0 && wire[whole - 1] == 0xC0), "a frame has its ends");
    whole = packet_encode_block(wire, cap, command, 7, bytes, n);
    must(whole <= cap, "a block fits the room it may need");
    must(packet_encode_block(tight, n, command, 7, bytes, n) <= n, "too little room is noticed");
    free(wire);
    free(tight);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = { bytes, n };
    size_t payload_bytes = input_byte(&in);
    read_reply(in.at, in.left, payload_bytes);
    write_request(in.at, in.left, (uint8_t)payload_bytes);
    return 0;
}
