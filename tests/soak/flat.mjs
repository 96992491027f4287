// What a program that stays must not do: grow. Figures of one that runs, sampled, and what they come to.
//
// The rule: of the samples those of the last quarter are compared with those of the second one, the
// first being for warming up. Median memory may have grown by 3 % and 512 KiB; median descriptors by 2
// (a port may just be shut or looked for), threads not at all. And of what is allocated (not of what
// malloc keeps for later, which takes long to level off) each thousand runs of the second half may have
// added `heapKib`: so what each run forgets to free is found. Where that goes up and down, as with lots and
// pages that are asked for, the least of a quarter tells: it may have grown by `leastKib`. A run of the last
// quarter may cost the processor half as much again as one of the second: what reads the whole record for
// something small shows there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, check, footprint, note, work } from "../crash/rig.mjs";

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export class Flat {
    samples = [];
    #heap = join(work, "heap"); // bytes in use; a sanitizer's heap is not malloc's: 0 there
    preload = [join(build, "heap.so")];
    env = { HEAP_FILE: this.#heap, GLIBC_TUNABLES: "glibc.malloc.tcache_count=0" };

    sample(pid, runs) {
        const s = { ...footprint(pid), runs, heapKib: Math.round(Number(readFileSync(this.#heap, "utf8")) / 1024) };
        this.samples.push(s);
        return s;
    }
    #quarter(n, key) {
        return median(this.samples.slice(...this.#span(n)).map((s) => s[key]));
    }
    #least(key) {
        return [0, 1, 2, 3].map((n) => Math.min(...this.samples.slice(...this.#span(n)).map((s) => s[key])));
    }
    #span(n) {
        return [n, n + 1].map((part) => Math.floor((this.samples.length * part) / 4));
    }
    // Milliseconds of the processor, in that quarter.
    #cpuMs(n) {
        const part = this.samples.slice(...this.#span(n)), first = part[0], last = part.at(-1);
        return (10 * (last.cpuTicks - first.cpuTicks)) / Math.max(1, last.runs - first.runs);
    }
    #figures(key) {
        return [0, 1, 2, 3].map((n) => this.#quarter(n, key)).join(", ");
    }
    // Of the samples behind that part of them: so much more with each thousand runs.
    slope(key, behind = 1 / 4) {
        const rest = this.samples.slice(Math.floor(this.samples.length * behind)), mean = (of) => rest.reduce((sum, s) => sum + of(s), 0) / rest.length;
        const x = mean((s) => s.runs), y = mean((s) => s[key]);
        const over = rest.reduce((sum, s) => sum + (s.runs - x) * (s[key] - y), 0), under = rest.reduce((sum, s) => sum + (s.runs - x) ** 2, 0);
        return (under > 0 ? (1000 * over) / under : 0).toFixed(1);
    }
    judge({ warm, heapKib, leastKib }) {
        check(`memory stays flat: ${this.#figures("rssKib")} KiB (medians of the quarters)${warm ? "" : " # SKIP warming up takes some minutes; give it 10"}`,
            !warm || this.#quarter(3, "rssKib") <= this.#quarter(1, "rssKib") * 1.03 + 512);
        const grows = this.slope("heapKib", 1 / 2), least = this.#least("heapKib"), more = `${this.#figures("heapKib")} KiB, ${grows} KiB more with each thousand runs`;
        if (leastKib === undefined) check(`what is allocated stays flat: ${more}`, Number(grows) <= heapKib);
        else check(`what is allocated stays flat: ${least.join(", ")} KiB at least (medians: ${more})${warm ? "" : " # SKIP too short"}`, !warm || least[3] <= least[1] + leastKib);
        check(`descriptors stay flat: ${this.#figures("descriptors")}`, this.#quarter(3, "descriptors") <= this.#quarter(1, "descriptors") + 2);
        check(`threads stay flat: ${this.#figures("threads")}`, this.#quarter(3, "threads") <= this.#quarter(1, "threads"));
        const cpu = [0, 1, 2, 3].map((n) => this.#cpuMs(n));
        check(`the processor's time for a run stays flat: ${cpu.map((ms) => ms.toFixed(1)).join(", ")} ms${warm ? "" : " # SKIP too short"}`, !warm || cpu[3] <= cpu[1] * 1.5);
        note(`with each thousand runs: ${this.slope("rssKib")} KiB, ${this.slope("descriptors")} descriptors, ${this.slope("threads")} threads more`);
    }
}

export const words = (s) => `${s.rssKib} KiB, ${s.heapKib} KiB allocated, ${s.descriptors} descriptors, ${s.threads} threads, ${(s.cpuTicks / 100).toFixed(1)} s CPU`;
