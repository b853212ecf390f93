/* Rules see windows of 8 MiB, each of which begins with the last 64 KiB of the one before: `filesize` is a window's,
   and what a rule looks for must lie within 64 KiB. Documents are packed; only ClamAV looks inside of them. */

rule Windows_Program_Inside {
    meta:
        description = "A Windows program, be it hidden behind a picture: none of the types that are taken carries one"
    strings:
        $stub = /MZ[\x00-\xff]{60,200}This program (cannot|must) be run (in DOS mode|under Win32)[\x00-\xff]{1,600}PE\x00\x00/
    condition:
        $stub
}

rule PDF_Starts_A_Program {
    meta:
        description = "A PDF that runs a command when it is opened"
    strings:
        $launch = /\/Launch[^>]{0,400}\/F\s{0,8}\([^)]{0,200}(cmd|powershell|mshta|wscript|cscript|rundll32)/ nocase
    condition:
        $launch
}
