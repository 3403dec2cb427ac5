;; The loops that products and decompositions of large matrices spend their time in, two float64 numbers an instruction.
;;
;; Addresses are in bytes. Rows of a matrix are $pitch bytes apart, a multiple of 64, so that no loop has a remainder; the
;; numbers between the last column and the next row are zeros.
(module
  (import "host" "memory" (memory 1 65536))

  ;; Copies 8 columns of $rows rows: a column of strips of 64 bytes.
  (func (export "copyStrip")
    (param $from i32) (param $fromPitch i32) (param $to i32) (param $toPitch i32) (param $rows i32)
    (loop $next
      (v128.store (local.get $to) (v128.load (local.get $from)))
      (v128.store offset=16 (local.get $to) (v128.load offset=16 (local.get $from)))
      (v128.store offset=32 (local.get $to) (v128.load offset=32 (local.get $from)))
      (v128.store offset=48 (local.get $to) (v128.load offset=48 (local.get $from)))
      (local.set $from (i32.add (local.get $from) (local.get $fromPitch)))
      (local.set $to (i32.add (local.get $to) (local.get $toPitch)))
      (br_if $next (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Applies a sweep of $count rotations to a strip, from the row at $at up. The result of a rotation is passed to the
  ;; next one: each number is read and written once. $cosine and $sine are addresses of the first rotation to apply; the
  ;; next ones lie below.
  (func (export "rotate") (param $at i32) (param $cosine i32) (param $sine i32) (param $count i32)
    (local $above i32) (local $c v128) (local $s v128) (local $y v128)
    (local $x0 v128) (local $x1 v128) (local $x2 v128) (local $x3 v128)
    (local.set $x0 (v128.load (local.get $at)))
    (local.set $x1 (v128.load offset=16 (local.get $at)))
    (local.set $x2 (v128.load offset=32 (local.get $at)))
    (local.set $x3 (v128.load offset=48 (local.get $at)))
    (loop $next
      (local.set $c (v128.load64_splat (local.get $cosine)))
      (local.set $s (v128.load64_splat (local.get $sine)))
      (local.set $above (i32.sub (local.get $at) (i32.const 64)))

      ;; here = s y + c x, above = c y - s x
      (local.set $y (v128.load (local.get $above)))
      (v128.store (local.get $at)
        (f64x2.add (f64x2.mul (local.get $s) (local.get $y)) (f64x2.mul (local.get $c) (local.get $x0))))
      (local.set $x0
        (f64x2.sub (f64x2.mul (local.get $c) (local.get $y)) (f64x2.mul (local.get $s) (local.get $x0))))

      (local.set $y (v128.load offset=16 (local.get $above)))
      (v128.store offset=16 (local.get $at)
        (f64x2.add (f64x2.mul (local.get $s) (local.get $y)) (f64x2.mul (local.get $c) (local.get $x1))))
      (local.set $x1
        (f64x2.sub (f64x2.mul (local.get $c) (local.get $y)) (f64x2.mul (local.get $s) (local.get $x1))))

      (local.set $y (v128.load offset=32 (local.get $above)))
      (v128.store offset=32 (local.get $at)
        (f64x2.add (f64x2.mul (local.get $s) (local.get $y)) (f64x2.mul (local.get $c) (local.get $x2))))
      (local.set $x2
        (f64x2.sub (f64x2.mul (local.get $c) (local.get $y)) (f64x2.mul (local.get $s) (local.get $x2))))

      (local.set $y (v128.load offset=48 (local.get $above)))
      (v128.store offset=48 (local.get $at)
        (f64x2.add (f64x2.mul (local.get $s) (local.get $y)) (f64x2.mul (local.get $c) (local.get $x3))))
      (local.set $x3
        (f64x2.sub (f64x2.mul (local.get $c) (local.get $y)) (f64x2.mul (local.get $s) (local.get $x3))))

      (local.set $at (local.get $above))
      (local.set $cosine (i32.sub (local.get $cosine) (i32.const 8)))
      (local.set $sine (i32.sub (local.get $sine) (i32.const 8)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (v128.store (local.get $at) (local.get $x0))
    (v128.store offset=16 (local.get $at) (local.get $x1))
    (v128.store offset=32 (local.get $at) (local.get $x2))
    (v128.store offset=48 (local.get $at) (local.get $x3)))

  (func $sumOf (param $pair v128) (result f64)
    (f64.add (f64x2.extract_lane 0 (local.get $pair)) (f64x2.extract_lane 1 (local.get $pair))))

  ;; Applies four reflections to $rows rows: x becomes x - Σ t v. The vectors v0 to v3 lie in rows of the same pitch at
  ;; $vectors. At $factors: 1/h0, 1/h1, 1/h2, 1/h3, then the overlaps v0·v1, v0·v2, v1·v2, v0·v3, v1·v3, v2·v3. $width:
  ;; bytes of a vector, a multiple of 16.
  (func (export "reflect")
    (param $row i32) (param $pitch i32) (param $rows i32) (param $vectors i32) (param $width i32) (param $factors i32)
    (local $at i32) (local $v0 i32) (local $v1 i32) (local $v2 i32) (local $v3 i32) (local $end i32)
    (local $x v128) (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local $t0 f64) (local $t1 f64) (local $t2 f64) (local $t3 f64)
    (loop $nextRow
      (local.set $s0 (v128.const i64x2 0 0))
      (local.set $s1 (v128.const i64x2 0 0))
      (local.set $s2 (v128.const i64x2 0 0))
      (local.set $s3 (v128.const i64x2 0 0))
      (local.set $end (i32.add (local.get $row) (local.get $width)))
      (local.set $at (local.get $row))
      (local.set $v0 (local.get $vectors))
      (local.set $v1 (i32.add (local.get $v0) (local.get $pitch)))
      (local.set $v2 (i32.add (local.get $v1) (local.get $pitch)))
      (local.set $v3 (i32.add (local.get $v2) (local.get $pitch)))
      (loop $product
        (local.set $x (v128.load (local.get $at)))
        (local.set $s0 (f64x2.add (local.get $s0) (f64x2.mul (local.get $x) (v128.load (local.get $v0)))))
        (local.set $s1 (f64x2.add (local.get $s1) (f64x2.mul (local.get $x) (v128.load (local.get $v1)))))
        (local.set $s2 (f64x2.add (local.get $s2) (f64x2.mul (local.get $x) (v128.load (local.get $v2)))))
        (local.set $s3 (f64x2.add (local.get $s3) (f64x2.mul (local.get $x) (v128.load (local.get $v3)))))
        (local.set $v0 (i32.add (local.get $v0) (i32.const 16)))
        (local.set $v1 (i32.add (local.get $v1) (i32.const 16)))
        (local.set $v2 (i32.add (local.get $v2) (i32.const 16)))
        (local.set $v3 (i32.add (local.get $v3) (i32.const 16)))
        (br_if $product (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))

      (local.set $t0 (f64.mul (call $sumOf (local.get $s0)) (f64.load (local.get $factors))))
      (local.set $t1
        (f64.mul
          (f64.sub
            (call $sumOf (local.get $s1))
            (f64.mul (local.get $t0) (f64.load offset=32 (local.get $factors))))
          (f64.load offset=8 (local.get $factors))))
      (local.set $t2
        (f64.mul
          (f64.sub
            (f64.sub
              (call $sumOf (local.get $s2))
              (f64.mul (local.get $t0) (f64.load offset=40 (local.get $factors))))
            (f64.mul (local.get $t1) (f64.load offset=48 (local.get $factors))))
          (f64.load offset=16 (local.get $factors))))
      (local.set $t3
        (f64.mul
          (f64.sub
            (f64.sub
              (f64.sub
                (call $sumOf (local.get $s3))
                (f64.mul (local.get $t0) (f64.load offset=56 (local.get $factors))))
              (f64.mul (local.get $t1) (f64.load offset=64 (local.get $factors))))
            (f64.mul (local.get $t2) (f64.load offset=72 (local.get $factors))))
          (f64.load offset=24 (local.get $factors))))

      (local.set $s0 (f64x2.splat (local.get $t0)))
      (local.set $s1 (f64x2.splat (local.get $t1)))
      (local.set $s2 (f64x2.splat (local.get $t2)))
      (local.set $s3 (f64x2.splat (local.get $t3)))
      (local.set $at (local.get $row))
      (local.set $v0 (local.get $vectors))
      (local.set $v1 (i32.add (local.get $v0) (local.get $pitch)))
      (local.set $v2 (i32.add (local.get $v1) (local.get $pitch)))
      (local.set $v3 (i32.add (local.get $v2) (local.get $pitch)))
      (loop $update
        (v128.store (local.get $at)
          (f64x2.sub (v128.load (local.get $at))
            (f64x2.add
              (f64x2.add
                (f64x2.mul (local.get $s0) (v128.load (local.get $v0)))
                (f64x2.mul (local.get $s1) (v128.load (local.get $v1))))
              (f64x2.add
                (f64x2.mul (local.get $s2) (v128.load (local.get $v2)))
                (f64x2.mul (local.get $s3) (v128.load (local.get $v3)))))))
        (local.set $v0 (i32.add (local.get $v0) (i32.const 16)))
        (local.set $v1 (i32.add (local.get $v1) (i32.const 16)))
        (local.set $v2 (i32.add (local.get $v2) (i32.const 16)))
        (local.set $v3 (i32.add (local.get $v3) (i32.const 16)))
        (br_if $update (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
      (local.set $row (i32.add (local.get $row) (local.get $pitch)))
      (br_if $nextRow (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; A part, of $bytes (a multiple of 16), of two rows below each other of a symmetric matrix A: subtracts v qᵀ + q vᵀ, adds
  ;; to the product A u what the columns get from the two rows (at $product), and writes what the two rows get from the
  ;; columns behind $own. $v, $q, $u: addresses of the vectors, from the first column on; at $own: v, q, u of the first
  ;; row, then of the second, then the two sums.
  (func (export "updateRows")
    (param $row i32) (param $next i32) (param $bytes i32) (param $v i32) (param $q i32) (param $u i32)
    (param $product i32) (param $own i32)
    (local $end i32) (local $vc v128) (local $qc v128) (local $uc v128) (local $a0 v128) (local $a1 v128)
    (local $v0 v128) (local $q0 v128) (local $u0 v128) (local $v1 v128) (local $q1 v128) (local $u1 v128)
    (local $sum0 v128) (local $sum1 v128)
    (local.set $v0 (v128.load64_splat (local.get $own)))
    (local.set $q0 (v128.load64_splat offset=8 (local.get $own)))
    (local.set $u0 (v128.load64_splat offset=16 (local.get $own)))
    (local.set $v1 (v128.load64_splat offset=24 (local.get $own)))
    (local.set $q1 (v128.load64_splat offset=32 (local.get $own)))
    (local.set $u1 (v128.load64_splat offset=40 (local.get $own)))
    (local.set $end (i32.add (local.get $row) (local.get $bytes)))
    (block $done
      (br_if $done (i32.eqz (local.get $bytes)))
      (loop $nextPair
        (local.set $vc (v128.load (local.get $v)))
        (local.set $qc (v128.load (local.get $q)))
        (local.set $uc (v128.load (local.get $u)))
        (local.set $a0
          (f64x2.sub
            (f64x2.sub (v128.load (local.get $row)) (f64x2.mul (local.get $v0) (local.get $qc)))
            (f64x2.mul (local.get $q0) (local.get $vc))))
        (local.set $a1
          (f64x2.sub
            (f64x2.sub (v128.load (local.get $next)) (f64x2.mul (local.get $v1) (local.get $qc)))
            (f64x2.mul (local.get $q1) (local.get $vc))))
        (v128.store (local.get $row) (local.get $a0))
        (v128.store (local.get $next) (local.get $a1))
        (local.set $sum0 (f64x2.add (local.get $sum0) (f64x2.mul (local.get $a0) (local.get $uc))))
        (local.set $sum1 (f64x2.add (local.get $sum1) (f64x2.mul (local.get $a1) (local.get $uc))))
        (v128.store (local.get $product)
          (f64x2.add (v128.load (local.get $product))
            (f64x2.add
              (f64x2.mul (local.get $a0) (local.get $u0))
              (f64x2.mul (local.get $a1) (local.get $u1)))))
        (local.set $next (i32.add (local.get $next) (i32.const 16)))
        (local.set $v (i32.add (local.get $v) (i32.const 16)))
        (local.set $q (i32.add (local.get $q) (i32.const 16)))
        (local.set $u (i32.add (local.get $u) (i32.const 16)))
        (local.set $product (i32.add (local.get $product) (i32.const 16)))
        (br_if $nextPair (i32.ne (local.tee $row (i32.add (local.get $row) (i32.const 16))) (local.get $end)))))
    (f64.store offset=48 (local.get $own) (call $sumOf (local.get $sum0)))
    (f64.store offset=56 (local.get $own) (call $sumOf (local.get $sum1))))

  ;; Adds the products Aᵀ B of $strips strips of four columns of A, one after the other, and one of B, to tiles of 4 × 4 numbers below
  ;; each other at $c, whose rows are $pitch bytes apart. Rows of a strip are 32 bytes, one after the other, $bytes in all.
  (func (export "multiply")
    (param $a i32) (param $bytes i32) (param $strips i32) (param $b i32) (param $c i32) (param $pitch i32)
    (local $from i32) (local $end i32) (local $b0 v128) (local $b1 v128) (local $x v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local $s4 v128) (local $s5 v128) (local $s6 v128) (local $s7 v128)
    (local.set $from (local.get $b))
    (loop $nextStrip
      (local.set $b (local.get $from))
      (local.set $end (i32.add (local.get $a) (local.get $bytes)))
      (local.set $s0 (v128.const i64x2 0 0))
      (local.set $s1 (v128.const i64x2 0 0))
      (local.set $s2 (v128.const i64x2 0 0))
      (local.set $s3 (v128.const i64x2 0 0))
      (local.set $s4 (v128.const i64x2 0 0))
      (local.set $s5 (v128.const i64x2 0 0))
      (local.set $s6 (v128.const i64x2 0 0))
      (local.set $s7 (v128.const i64x2 0 0))
      (loop $next
        (local.set $b0 (v128.load (local.get $b)))
        (local.set $b1 (v128.load offset=16 (local.get $b)))
        (local.set $x (v128.load64_splat (local.get $a)))
        (local.set $s0 (f64x2.add (local.get $s0) (f64x2.mul (local.get $x) (local.get $b0))))
        (local.set $s1 (f64x2.add (local.get $s1) (f64x2.mul (local.get $x) (local.get $b1))))
        (local.set $x (v128.load64_splat offset=8 (local.get $a)))
        (local.set $s2 (f64x2.add (local.get $s2) (f64x2.mul (local.get $x) (local.get $b0))))
        (local.set $s3 (f64x2.add (local.get $s3) (f64x2.mul (local.get $x) (local.get $b1))))
        (local.set $x (v128.load64_splat offset=16 (local.get $a)))
        (local.set $s4 (f64x2.add (local.get $s4) (f64x2.mul (local.get $x) (local.get $b0))))
        (local.set $s5 (f64x2.add (local.get $s5) (f64x2.mul (local.get $x) (local.get $b1))))
        (local.set $x (v128.load64_splat offset=24 (local.get $a)))
        (local.set $s6 (f64x2.add (local.get $s6) (f64x2.mul (local.get $x) (local.get $b0))))
        (local.set $s7 (f64x2.add (local.get $s7) (f64x2.mul (local.get $x) (local.get $b1))))
        (local.set $b (i32.add (local.get $b) (i32.const 32)))
        (br_if $next (i32.ne (local.tee $a (i32.add (local.get $a) (i32.const 32))) (local.get $end))))
      (v128.store (local.get $c) (f64x2.add (v128.load (local.get $c)) (local.get $s0)))
      (v128.store offset=16 (local.get $c) (f64x2.add (v128.load offset=16 (local.get $c)) (local.get $s1)))
      (local.set $c (i32.add (local.get $c) (local.get $pitch)))
      (v128.store (local.get $c) (f64x2.add (v128.load (local.get $c)) (local.get $s2)))
      (v128.store offset=16 (local.get $c) (f64x2.add (v128.load offset=16 (local.get $c)) (local.get $s3)))
      (local.set $c (i32.add (local.get $c) (local.get $pitch)))
      (v128.store (local.get $c) (f64x2.add (v128.load (local.get $c)) (local.get $s4)))
      (v128.store offset=16 (local.get $c) (f64x2.add (v128.load offset=16 (local.get $c)) (local.get $s5)))
      (local.set $c (i32.add (local.get $c) (local.get $pitch)))
      (v128.store (local.get $c) (f64x2.add (v128.load (local.get $c)) (local.get $s6)))
      (v128.store offset=16 (local.get $c) (f64x2.add (v128.load offset=16 (local.get $c)) (local.get $s7)))
      (local.set $c (i32.add (local.get $c) (local.get $pitch)))
      (br_if $nextStrip (local.tee $strips (i32.sub (local.get $strips) (i32.const 1)))))))
