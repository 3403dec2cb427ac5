;; Fills memory with random numbers, the same to the bit as `xoshiro.ts` and `ziggurat.ts` draw one by one. WebAssembly, since
;; JavaScript takes up to three times as long for it (docs/design/executors.md).
;;
;; Memory: the state, 4 × i32, from 0; edges of the 128 strips, f64, from 1024; ratios of neighbouring edges, f64, from
;; 3072; numbers, f32, from 65536.
(module
  ;; (strip, u): a normal in the tail or beside a strip's edge, which goes on with the state in memory; NaN where it is to
  ;; be drawn anew
  (import "ziggurat" "atEdge" (func $atEdge (param i32 f64) (result f64)))
  (memory (export "memory") 2 2)

  ;; Writes numbers up to the address $end: normals, or uniform ones on [0, 1).
  (func (export "fill") (param $normal i32) (param $end i32)
    (local $s0 i32) (local $s1 i32) (local $s2 i32) (local $s3 i32)
    (local $word i32) (local $shifted i32) (local $strip i32) (local $u f64) (local $x f64)
    (local $to i32)
    (local.set $s0 (i32.load (i32.const 0)))
    (local.set $s1 (i32.load (i32.const 4)))
    (local.set $s2 (i32.load (i32.const 8)))
    (local.set $s3 (i32.load (i32.const 12)))
    (local.set $to (i32.const 65536))
    (block $full
      (loop $next
        (br_if $full (i32.ge_u (local.get $to) (local.get $end)))

        ;; word = rotate(s0 + s3, 7) + s0
        (local.set $word
          (i32.add
            (i32.rotl (i32.add (local.get $s0) (local.get $s3)) (i32.const 7))
            (local.get $s0)))
        (local.set $shifted (i32.shl (local.get $s1) (i32.const 9)))
        (local.set $s2 (i32.xor (local.get $s2) (local.get $s0)))
        (local.set $s3 (i32.xor (local.get $s3) (local.get $s1)))
        (local.set $s1 (i32.xor (local.get $s1) (local.get $s2)))
        (local.set $s0 (i32.xor (local.get $s0) (local.get $s3)))
        (local.set $s2 (i32.xor (local.get $s2) (local.get $shifted)))
        (local.set $s3 (i32.rotl (local.get $s3) (i32.const 11)))

        (if (i32.eqz (local.get $normal))
          (then
            ;; the upper 24 bits · 2⁻²⁴
            (f32.store (local.get $to)
              (f32.mul
                (f32.convert_i32_s (i32.shr_u (local.get $word) (i32.const 8)))
                (f32.const 0x1p-24)))
            (local.set $to (i32.add (local.get $to) (i32.const 4)))
            (br $next)))

        ;; bytes to the strip, which the lowest 7 bits choose; u = word · 2⁻³¹ is the place in it
        (local.set $strip (i32.shl (i32.and (local.get $word) (i32.const 127)) (i32.const 3)))
        (local.set $u (f64.mul (f64.convert_i32_s (local.get $word)) (f64.const 0x1p-31)))
        (if (f64.lt (f64.abs (local.get $u)) (f64.load offset=3072 (local.get $strip)))
          (then
            (f32.store (local.get $to)
              (f32.demote_f64 (f64.mul (local.get $u) (f64.load offset=1024 (local.get $strip)))))
            (local.set $to (i32.add (local.get $to) (i32.const 4)))
            (br $next)))

        ;; one in 36
        (i32.store (i32.const 0) (local.get $s0))
        (i32.store (i32.const 4) (local.get $s1))
        (i32.store (i32.const 8) (local.get $s2))
        (i32.store (i32.const 12) (local.get $s3))
        (local.set $x (call $atEdge (i32.shr_u (local.get $strip) (i32.const 3)) (local.get $u)))
        (local.set $s0 (i32.load (i32.const 0)))
        (local.set $s1 (i32.load (i32.const 4)))
        (local.set $s2 (i32.load (i32.const 8)))
        (local.set $s3 (i32.load (i32.const 12)))
        (f32.store (local.get $to) (f32.demote_f64 (local.get $x)))
        ;; a NaN is written over
        (local.set $to
          (i32.add (local.get $to)
            (i32.shl (f64.eq (local.get $x) (local.get $x)) (i32.const 2))))
        (br $next)))
    (i32.store (i32.const 0) (local.get $s0))
    (i32.store (i32.const 4) (local.get $s1))
    (i32.store (i32.const 8) (local.get $s2))
    (i32.store (i32.const 12) (local.get $s3))))
