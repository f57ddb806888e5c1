//! `weightlock disassemble`.

use weightlock::commands::disassemble::Disassembled;

use crate::run::Place;

const CALL: &[u8] = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.";

#[test]
fn every_opcode_with_its_stack_and_what_it_would_do() {
    let place = Place::new();
    place.write("a.pkl", CALL);
    let ran = place.run(["disassemble", "a.pkl"]).yes();
    insta::assert_snapshot!(ran.stdout, @r#"
    a.pkl
       0  PROTO             []
       2  GLOBAL            [posix.system]
          ^ imports posix.system
      16  BINUNICODE        ["id" | posix.system]
      23  TUPLE1            [("id") | posix.system]
      24  REDUCE            [what posix.system gives]
          ^ calls posix.system with ("id")
      25  STOP              [what posix.system gives]
    nothing was run
    "#);
}

#[test]
fn what_stands_before_the_break_is_shown_and_the_answer_is_not_yes() {
    let place = Place::new();
    place.write("a.pkl", &CALL[..CALL.len() - 1]);
    let ran = place.run(["disassemble", "a.pkl"]);
    assert_eq!(ran.refusal(), (3, vec!["WL-SCAN-BROKEN"]));
    ran.says("calls posix.system with").says("nothing was run");
}

#[test]
fn a_pickle_in_the_middle_of_a_file_is_found_at_its_offset() {
    let place = Place::new();
    place.write("a.bin", [&[0xff; 100], CALL].concat());
    place
        .run(["disassemble", "a.bin"])
        .yes()
        .says("a.bin!/byte 100")
        .says("calls posix.system with");
    place.write("none.bin", [0xff; 100]);
    assert_eq!(place.run(["disassemble", "none.bin"]).code, 3);
    let json = place
        .run([
            "disassemble",
            "a.bin",
            "--offset",
            "100",
            "--limit",
            "2",
            "--json",
        ])
        .document::<Disassembled>();
    let listing = &json["result"]["listing"];
    assert_eq!(listing["streams"][0]["lines"][1]["offset"], 102);
    assert_eq!(listing["left_out"], 4);
}

#[test]
fn texts_of_strangers_are_shown_harmless() {
    let place = Place::new();
    place.write("a.pkl", "Va\u{1b}[2J\u{202e}\n.");
    let ran = place.run(["disassemble", "a.pkl"]).yes();
    assert!(
        !ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{202e}'),
        "{ran:#?}"
    );
}

#[test]
fn a_file_without_a_pickle_is_no_answer_and_the_next_command_is_named() {
    let place = Place::new();
    place.write("a.bin", [0xff; 9]);
    place
        .run(["disassemble", "a.bin"])
        .refused(3, "WL-SCAN-UNKNOWN-FORMAT")
        .says("weightlock scan a.bin");
    place
        .run(["disassemble", "--member", "x", "a.bin"])
        .refused(2, "WL-CLI-USAGE")
        .says("there is no a.bin!/x");
}
